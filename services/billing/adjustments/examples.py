"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

WITHDRAWAL: dict[str, Any] = {"cause": "mistaken", "explanation": "The ratio plate was misread."}
