"""Settings of the reading service."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.settings import Settings, not_in_the_open, webhook_key

SHIPPED_POLICY = Path(__file__).parent / "policies" / "default.json"


class ReadingSettings(Settings):
    reading_policy: Path = Field(SHIPPED_POLICY, description="limits of validation, estimates and read windows")
    device_master_key: SecretStr = Field(
        description="keys of devices are derived from it; 32 bytes or more; no other service has it"
    )
    device_master_key_previous: SecretStr | None = Field(
        None,
        description="the one of before, while devices still sign with keys derived from it; empty: none, as without",
    )

    supply_url: str | None = Field(
        None, max_length=200, description="the head-end that cuts and restores supply, https://…; none: persons do"
    )
    supply_secret: SecretStr | None = Field(
        None, description="what calls of the head-end are signed with, whsec_ and base64 (Standard Webhooks)"
    )
    supply_secret_previous: SecretStr | None = Field(
        None, description="the one of before, as long as the head-end knows only that"
    )
    supply_certificates: Path | None = Field(
        None, description="authorities to trust of the head-end, PEM; default: the system's"
    )
    supply_timeout_seconds: float = Field(10, gt=0, le=120, description="of each call of the head-end")
    supply_senders: int = Field(4, ge=0, le=32, description="calls of the head-end at the same time; 0 makes none")
    supply_lease_seconds: int = Field(
        60, ge=1, le=3600, description="after that an order whose call nobody ended is asked for; > 2 x the time-out"
    )

    @field_validator("supply_url")
    @classmethod
    def _not_in_the_open(cls, value: str | None) -> str | None:
        return not_in_the_open(value)

    @field_validator("supply_secret", "supply_secret_previous")
    @classmethod
    def _a_key(cls, value: SecretStr | None) -> SecretStr | None:
        return webhook_key(value)

    @field_validator(
        "device_master_key_previous", "supply_url", "supply_secret", "supply_secret_previous", mode="before"
    )
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _another_one(self) -> Self:
        if self.device_master_key_previous == self.device_master_key:
            raise ValueError("WATTLINE_DEVICE_MASTER_KEY_PREVIOUS is WATTLINE_DEVICE_MASTER_KEY: give a new master key")
        return self

    @model_validator(mode="after")
    def _head_end_is_whole(self) -> Self:
        for name, needed in (("supply_url", "supply_secret"), ("supply_secret_previous", "supply_secret")):
            if getattr(self, name) is not None and getattr(self, needed) is None:
                raise ValueError(f"WATTLINE_{needed.upper()} is missing: WATTLINE_{name.upper()} needs it")
        if self.supply_lease_seconds <= 2 * self.supply_timeout_seconds:
            raise ValueError("WATTLINE_SUPPLY_LEASE_SECONDS must be more than 2 x supply_timeout_seconds")
        return self
