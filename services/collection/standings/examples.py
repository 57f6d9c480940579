"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

MARK: dict[str, Any] = {"from": "2026-04-01", "to": "2026-10-01", "reason": "low_income"}
END: dict[str, Any] = {"on": "2026-07-01", "reason": "The household has an income again."}
