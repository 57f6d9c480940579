"""A body that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

DECISIONS: dict[str, Any] = {
    "items": [
        {
            "finding_id": "guess_round~SP-0001~R-0001~2026-02-01",
            "version": 1,
            "verdict": "confirmed",
            "explanation": "reader_admits",
        }
    ]
}
