"""Settings of the notify service, beside those of every service."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from shared.settings import Settings

PUBLIC_URL = r"(https://[A-Za-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"
COMMANDS_PER_MESSAGE = 4  # MAIL, RCPT, DATA, the text: each has the time-out for itself


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
    notice_senders: int = Field(4, ge=0, le=32, description="connections that send at the same time; 0 stops sending")
    notice_lease_seconds: int = Field(
        120, ge=1, le=3600, description="after that a notice whose sender died is in doubt; > 4 x smtp_timeout_seconds"
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
    notify_templates: Path | None = Field(
        None, description="folder with texts of one's own: a kind that has any there is told in these alone"
    )

    @field_validator("notice_lease_seconds")
    @classmethod
    def _longer_than_an_attempt(cls, value: int, info: ValidationInfo) -> int:
        if value <= COMMANDS_PER_MESSAGE * info.data.get("smtp_timeout_seconds", 0):
            raise ValueError("must be more than 4 x smtp_timeout_seconds")
        return value

    @field_validator("public_url")
    @classmethod
    def _reached_safely(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(PUBLIC_URL, value):
            raise ValueError("must be https://host or https://host/path (http:// on this machine alone)")
        return value.rstrip("/") if value else None

    @field_validator("smtp_username", "smtp_password", "public_url", "personal_key_previous", mode="before")
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
    def _another_key(self) -> Self:
        if self.personal_key_previous == self.personal_key:
            raise ValueError("WATTLINE_PERSONAL_KEY_PREVIOUS is WATTLINE_PERSONAL_KEY: give a new key")
        return self

    @model_validator(mode="after")
    def _links_have_a_key(self) -> Self:
        if self.public_url is not None and self.link_key is None:
            raise ValueError("WATTLINE_LINK_KEY is missing: WATTLINE_PUBLIC_URL needs it")
        return self
