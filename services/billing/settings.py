"""The settings of billing beside those that all services share."""

import hashlib
from functools import cache
from pathlib import Path

from pydantic import Field

from shared.settings import Settings

DEFAULT_POLICY = Path(__file__).parent / "policies" / "cn_default.json"
DEFAULT_USES = Path(__file__).parent / "policies" / "cn_uses.json"


class BillingSettings(Settings):
    """`WATTLINE_BILLING_…` from the environment."""

    billing_policy: Path = Field(
        default=DEFAULT_POLICY, description="review, release and correction rules with their dates"
    )
    billing_trial_processes: int = Field(
        2, ge=0, le=64, description="that rate a large trial run beside the service; 0: a thread of the service"
    )
    uses_policy: Path = Field(
        default=DEFAULT_USES, description="limits and load profiles by which changed uses of homes are looked for"
    )


@cache
def software() -> str:
    """Return the hash of what calculates bills: of all code of billing. Another deployment may have another."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
