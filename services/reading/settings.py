"""Settings of the reading service."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.settings import Settings

SHIPPED_POLICY = Path(__file__).parent / "policies" / "default.json"


class ReadingSettings(Settings):
    reading_policy: Path = Field(SHIPPED_POLICY, description="limits of validation, estimates and read windows")
    device_master_key: SecretStr = Field(
        description="keys of devices are derived from it; 32 bytes or more; no other service has it"
    )
