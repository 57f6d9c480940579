"""Settings of the notify service, beside those of every service."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from shared.settings import Settings, not_in_the_open, webhook_key

PUBLIC_URL = r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"
COMMANDS_PER_MESSAGE = 4  # MAIL, RCPT, DATA, the text, or the calls of a gateway: each has the time-out for itself


class NotifySettings(Settings):
    smtp_host: str = Field("127.0.0.1", min_length=1)
    smtp_port: int = Field(1025, ge=1, le=65535)
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="starttls and tls check the certificate"
    )
    smtp_certificates: Path | None = Field(None, description="authorities to trust, PEM; default: the system's")
    smtp_username: str | None = Field(None, description="empty: none, as without")
    smtp_password: SecretStr | None = Field(None, validate_default=True)
    smtp_sender: str = Field("wattline@localhost", pattern=r"^[!-?A-~]+@[!-?A-~]+$")
    smtp_timeout_seconds: float = Field(20, gt=0, le=120, description="of each SMTP command")
    imap_host: str | None = Field(
        None, max_length=255, description="the server of the mailbox that bounces come to; none: nobody takes them in"
    )
    imap_port: int = Field(993, ge=1, le=65535)
    imap_security: Literal["starttls", "tls"] = Field("tls", description="both check the certificate")
    imap_certificates: Path | None = Field(None, description="authorities to trust, PEM; default: the system's")
    imap_username: str | None = Field(None, max_length=320)
    imap_password: SecretStr | None = None
    imap_folder: str = Field("INBOX", min_length=1, max_length=100, pattern=r"^[!#-\[\]-~]+$")
    imap_timeout_seconds: float = Field(20, gt=0, le=120, description="of each word of the IMAP server")
    bounce_address: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9._-]{1,10}@[A-Za-z0-9.-]+$",
        description="where bounces go to, a mailbox whose server takes name+anything@ for it; none: to smtp_sender",
    )
    bounce_key: SecretStr | None = Field(
        None, description="a secret of 32 bytes or more that mails are stamped with, so that no bounce can be forged"
    )
    gateway_timeout_seconds: float = Field(10, gt=0, le=120, description="of each call of a gateway over HTTP")
    gateway_certificates: Path | None = Field(
        None, description="authorities to trust of gateways over HTTP, PEM; default: the system's"
    )
    receipts_url: str | None = Field(
        None, max_length=200, description="where gateways reach /v1/receipts of this service, https://…"
    )
    sms_provider: Path = Field(
        Path(__file__).parent / "sending" / "gateways" / "providers" / "wattline.json",
        description="the document of the SMS provider; default: the product's own contract",
    )
    sms_url: str | None = Field(None, max_length=200, description="the SMS provider's address; none: no SMS goes out")
    sms_user: str = Field("", max_length=64, description="by which name the SMS provider knows us")
    sms_secret: SecretStr | None = Field(None, description="what we sign or log in with at the SMS provider")
    sms_sender: str = Field("", max_length=32, description="what an SMS shows as its sender")
    sms_receipt_secret: SecretStr | None = Field(None, description="what receipts of SMS are proved by")
    app_url: str | None = Field(None, max_length=200, description="the webhook of the utility's own app, https://…")
    app_secret: SecretStr | None = Field(None, description="its key, whsec_ and base64 (Standard Webhooks)")
    app_secret_previous: SecretStr | None = Field(
        None, description="the key of before, as long as the app knows only that"
    )
    app_private: bool = Field(False, description="whether app_url may lead into a network of one's own")
    wechat_url: str = Field("https://api.weixin.qq.com", max_length=200)
    wechat_app_id: str | None = Field(
        None, max_length=64, description="the official account; none: nothing goes to WeChat"
    )
    wechat_secret: SecretStr | None = Field(None, description="its AppSecret")
    wechat_templates: Path | None = Field(None, description="its templates by kind of notice, a JSON document")
    wechat_token: SecretStr | None = Field(None, description="what events of WeChat are signed with; none: no receipts")
    notice_senders: int = Field(4, ge=0, le=32, description="connections that send at the same time; 0 stops sending")
    notice_lease_seconds: int = Field(
        120, ge=1, le=3600, description="after that a notice whose sender died is in doubt; > 4 x each time-out"
    )
    public_url: str | None = Field(
        None,
        max_length=200,
        description="where customers reach the links in questions, https://…; none: they are asked to call or reply",
    )
    link_key: SecretStr | None = Field(
        None, description="a secret of 32 bytes or more that links are made of; public_url needs it"
    )
    personal_key: SecretStr = Field(
        description="names and addresses are sealed under it; 32 bytes or more; no other service has it, and lost it is for ever"
    )
    personal_key_previous: SecretStr | None = Field(
        None, description="the one of before, until all is sealed anew (a log line says so); empty: none, as without"
    )
    notify_policy: Path = Path(__file__).parent / "policies" / "default.json"
    notify_leaflets: Path = Path(__file__).parent / "leaflets" / "default.json"
    notify_templates: Path | None = Field(
        None, description="folder with texts of one's own: a kind that has any there is told in these alone"
    )

    @field_validator("public_url")
    @classmethod
    def _reached_safely(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(PUBLIC_URL, value):
            raise ValueError("must be https://host or https://host/path (http:// on this machine alone)")
        return value.rstrip("/") if value else None

    @field_validator("receipts_url", "sms_url", "app_url", "wechat_url")
    @classmethod
    def _not_in_the_open(cls, value: str | None) -> str | None:
        return not_in_the_open(value)

    @field_validator("app_secret", "app_secret_previous")
    @classmethod
    def _a_key(cls, value: SecretStr | None) -> SecretStr | None:
        return webhook_key(value)

    @field_validator(
        "smtp_username",
        "smtp_password",
        "imap_host",
        "imap_username",
        "imap_password",
        "bounce_address",
        "bounce_key",
        "public_url",
        "personal_key_previous",
        "receipts_url",
        "sms_url",
        "sms_secret",
        "sms_receipt_secret",
        "app_url",
        "app_secret",
        "app_secret_previous",
        "wechat_app_id",
        "wechat_secret",
        "wechat_token",
        "wechat_templates",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("smtp_password")
    @classmethod
    def _comes_with_a_name(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if (value is None) != (info.data.get("smtp_username") is None):
            raise ValueError("smtp_username and smtp_password come together")
        if value is not None and info.data.get("smtp_security") == "none":
            raise ValueError("needs smtp_security starttls or tls: a password is not sent in the open")
        return value

    @model_validator(mode="after")
    def _longer_than_an_attempt(self) -> Self:
        over_http = self.sms_url or self.app_url or self.wechat_app_id
        for name in ("smtp_timeout_seconds", *(["gateway_timeout_seconds"] if over_http else [])):
            if self.notice_lease_seconds <= COMMANDS_PER_MESSAGE * getattr(self, name):
                raise ValueError(f"WATTLINE_NOTICE_LEASE_SECONDS must be more than 4 x {name}")
        return self

    @model_validator(mode="after")
    def _another_key(self) -> Self:
        if self.personal_key_previous == self.personal_key:
            raise ValueError("WATTLINE_PERSONAL_KEY_PREVIOUS is WATTLINE_PERSONAL_KEY: give a new key")
        return self

    @model_validator(mode="after")
    def _links_have_a_key(self) -> Self:
        if self.public_url is not None and self.link_key is None:
            raise ValueError("WATTLINE_LINK_KEY is missing: WATTLINE_PUBLIC_URL needs it")
        return self

    @model_validator(mode="after")
    def _gateways_are_whole(self) -> Self:
        for name, needs in (
            ("sms_url", ("sms_secret",)),
            ("imap_host", ("imap_username", "imap_password", "bounce_key")),
            ("bounce_address", ("bounce_key",)),
            ("sms_receipt_secret", ("sms_url",)),
            ("app_url", ("app_secret",)),
            ("app_secret_previous", ("app_secret",)),
            ("wechat_app_id", ("wechat_secret", "wechat_templates")),
            ("wechat_token", ("wechat_app_id",)),
        ):
            for needed in needs:
                if getattr(self, name) is not None and getattr(self, needed) is None:
                    raise ValueError(f"WATTLINE_{needed.upper()} is missing: WATTLINE_{name.upper()} needs it")
        return self
