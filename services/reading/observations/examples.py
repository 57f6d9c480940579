"""A body that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

OBSERVATIONS: dict[str, Any] = {
    "items": [
        {
            "observation_no": "phone-7.000201",
            "service_point_no": "SP-0001",
            "seen_at": "2026-02-05T10:21:00+08:00",
            "kind": "tamper",
            "severity": "high",
            "evidence": "IMG-2026-000871",
        }
    ]
}
