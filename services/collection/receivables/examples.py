"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

OPENINGS: dict[str, Any] = {
    "items": [
        {
            "document_no": "OLD-2025-12-3301000001",
            "account_no": "3301000001",
            "amount_fen": 8650,
            "issued_on": "2025-12-02",
            "due_on": "2025-12-22",
            "posted_on": "2026-01-01",
        }
    ]
}
