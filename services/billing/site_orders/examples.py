"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

WITHDRAWAL: dict[str, Any] = {
    "explanation": "The customer has sent a picture of the meter.",
    "business_date": "2026-02-05",
}
