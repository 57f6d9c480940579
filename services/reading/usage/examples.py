"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

HEARD: dict[str, Any] = {
    "items": [
        {
            "usage_id": "019c167f-cc00-8a5e-a1e9-622f84334dba",
            "service_point_no": "SP-0001",
            "org_unit": "zj/hangzhou",
            "route_no": "R-01",
            "cycle": "2026-01",
            "read_date": "2026-02-01",
            "period_from": "2026-01-01",
            "period_to": "2026-02-01",
            "version": 1,
            "quality": "actual",
            "energy_wh": {"import": 176000},
            "meter_nos": ["M-0001"],
        }
    ]
}
