"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

PLAN: dict[str, Any] = {
    "receivable_ids": ["019c1ba6-2800-8268-abbd-eb351669a609"],
    "instalments": [{"due_on": "2026-05-15", "amount_fen": 5000}, {"due_on": "2026-06-15", "amount_fen": 5000}],
    "explanation": "Two equal parts, after the next pay days.",
}
