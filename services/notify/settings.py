"""Settings of the notify service, beside those of every service."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.settings import Settings

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

    @field_validator("smtp_username", "smtp_password", mode="before")
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
