"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

PAYOUT: dict[str, Any] = {
    "explanation": "The tenant's bank paid once more after the account was closed; back to its sender."
}
