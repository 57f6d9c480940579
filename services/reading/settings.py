"""Settings of the reading service."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from shared.settings import Settings

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

    @field_validator("device_master_key_previous", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | None) -> str | None:
        return value or None

    @model_validator(mode="after")
    def _another_one(self) -> Self:
        if self.device_master_key_previous == self.device_master_key:
            raise ValueError("WATTLINE_DEVICE_MASTER_KEY_PREVIOUS is WATTLINE_DEVICE_MASTER_KEY: give a new master key")
        return self
