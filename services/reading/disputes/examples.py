"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

DISPUTES: dict[str, Any] = {
    "items": [
        {
            "dispute_no": "DSP-2026-000017",
            "service_point_no": "SP-0001",
            "cycles": ["2026-01"],
            "channel": "counter",
            "raised_by": "customer",
            "reason": "high_usage",
            "words": "Nobody was at home in January.",
            "opened_on": "2026-02-10",
        }
    ]
}
HISTORY: dict[str, Any] = {"on": "2026-02-11"}
JOINT_REREAD: dict[str, Any] = {"on": "2026-02-12", "order_no": "WO-2026-000130", "visit_on": "2026-02-25"}
VERIFICATION: dict[str, Any] = {"on": "2026-02-26", "order_no": "WO-2026-000131"}
TEST: dict[str, Any] = {
    "on": "2026-03-03",
    "meter_no": "M-0001",
    "accuracy_class": "2",
    "error_percent": "3.0",
    "tested_on": "2026-03-02",
    "certificate": "LAB-2026-0815",
}
HOLD: dict[str, Any] = {"on": "2026-03-03"}
END: dict[str, Any] = {
    "on": "2026-03-09",
    "outcome": "meter_beyond_limits",
    "explanation": "The meter ran 3 % fast; the difference is credited.",
}
