"""Settings of the reading service."""

from pathlib import Path

from pydantic import Field

from shared.settings import Settings

SHIPPED_POLICIES = Path(__file__).parent / "policies"


class ReadingSettings(Settings):
    reading_policies: Path = Field(
        SHIPPED_POLICIES, description="directory of JSON files: validation, estimates, windows"
    )
