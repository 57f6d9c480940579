"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ORDERS: dict[str, Any] = {
    "items": [
        {
            "order_no": "WO-2026-000123",
            "kind": "inspection",
            "service_point_no": "SP-0001",
            "asked_on": "2026-02-03",
            "reason": "doubted_bill",
            "reference": "C-2026-0077",
        }
    ]
}
WITHDRAWALS: dict[str, Any] = {"items": [{"order_no": "WO-2026-000123", "reason": "solved_by_phone"}]}
ASSIGNMENTS: dict[str, Any] = {"items": [{"order_no": "WO-2026-000123", "assignee": "reader-7"}]}
