"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

HOLD: dict[str, Any] = {"reason": "claim", "until": "2026-05-14"}
END: dict[str, Any] = {"reason": "The claim was withdrawn."}
