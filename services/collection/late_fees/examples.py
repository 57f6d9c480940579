"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

WAIVER: dict[str, Any] = {"reason": "our_fault", "explanation": "The bill had gone to the address of before."}
