"""The settings of billing beside those that all services share."""

from pathlib import Path

from pydantic import Field

from shared.settings import Settings

DEFAULT_POLICY = Path(__file__).parent / "policies" / "cn_default.json"


class BillingSettings(Settings):
    """`WATTLINE_BILLING_…` from the environment."""

    billing_policy: Path = Field(
        default=DEFAULT_POLICY, description="review, release and correction rules with their dates"
    )
