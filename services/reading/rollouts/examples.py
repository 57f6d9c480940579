"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ROLLOUTS: dict[str, Any] = {
    "items": [
        {
            "programme_no": "HZ-2026-1",
            "org_unit": "zj/hangzhou",
            "route_nos": [],
            "meter_type": "single_phase.remote",
            "planned_count": 1200,
            "starts_on": "2026-01-01",
            "ends_on": "2026-07-01",
        }
    ]
}
POINTS: dict[str, Any] = {
    "items": [{"programme_no": "HZ-2026-1", "service_point_no": "SP-0001", "planned_on": "2026-02-10"}]
}
WITHDRAWALS: dict[str, Any] = {
    "items": [{"programme_no": "HZ-2026-1", "service_point_no": "SP-0001", "reason": "pulled_down"}]
}
FAILURES: dict[str, Any] = {
    "items": [
        {
            "programme_no": "HZ-2026-1",
            "service_point_no": "SP-0001",
            "failed_on": "2026-02-10",
            "reason": "no_access",
        }
    ]
}
