"""Settings of the reading service."""

from pathlib import Path

from pydantic import Field

from shared.settings import Settings

SHIPPED_POLICY = Path(__file__).parent / "policies" / "default.json"


class ReadingSettings(Settings):
    reading_policy: Path = Field(SHIPPED_POLICY, description="limits of validation, estimates and read windows")
