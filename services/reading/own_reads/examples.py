"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

REQUESTS: dict[str, Any] = {
    "items": [
        {
            "request_no": "OWN-2026-0001",
            "service_point_no": "SP-0001",
            "read_date": "2026-02-01",
            "asked_on": "2026-02-01",
        }
    ]
}
