"""Settings of the collection service."""

import json
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from shared.settings import Settings

SECRET_BYTES_MIN = 32  # RFC 7518 §3.2: as long as the hash
SHIPPED_POLICY = Path(__file__).parent / "policies" / "default.json"


class CollectionSettings(Settings):
    collection_policy: Path = Field(
        SHIPPED_POLICY, description="JSON file: chart of accounts, mapping, channels, dunning"
    )
    channel_secrets: SecretStr = Field(
        SecretStr("{}"), description='JSON object, channel to callback secret of 32 bytes or more: {"app": "…"}'
    )

    @field_validator("channel_secrets")
    @classmethod
    def _well_formed(cls, value: SecretStr) -> SecretStr:
        try:
            secrets = json.loads(value.get_secret_value())
        except ValueError:
            raise ValueError("must be a JSON object") from None
        if not isinstance(secrets, dict) or not all(isinstance(secret, str) for secret in secrets.values()):
            raise ValueError("must be a JSON object of texts")
        if any(len(secret.encode()) < SECRET_BYTES_MIN for secret in secrets.values()):
            raise ValueError("each secret must be at least 32 bytes long")
        return value

    @property
    def secret_of_channel(self) -> dict[str, bytes]:
        """The callback secret of each channel that may report payments."""
        return {channel: text.encode() for channel, text in json.loads(self.channel_secrets.get_secret_value()).items()}
