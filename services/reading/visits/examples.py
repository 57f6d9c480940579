"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

REPORTS: dict[str, Any] = {
    "items": [
        {
            "order_no": "WO-2026-000123",
            "visited_at": "2026-02-05T10:20:00+08:00",
            "result": "in_order",
            "explanation": "Seals whole, wiring as drawn.",
            "meter_no": "M-0001",
            "unit": "kWh",
            "registers": {"import": "1190.15"},
            "observations": [{"observation_no": "phone-7.000203", "kind": "damage", "severity": "low"}],
        }
    ]
}
DECISIONS: dict[str, Any] = {"items": [{"order_no": "WO-2026-000123", "version": 2}]}
