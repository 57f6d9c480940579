"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

PREVIEW: dict[str, Any] = {
    "language": "zh",
    "on": "2026-02-02",
    "figures": {
        "account_no": "3301000001",
        "outstanding_fen": 12345,
        "due_on": "2026-02-20",
        "business_date": "2026-03-01",
    },
}
