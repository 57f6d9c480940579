"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

APPOINTMENTS: dict[str, Any] = {
    "items": [
        {
            "appointment_no": "phone-7.A12",
            "service_point_no": "SP-0001",
            "visit_on": "2026-02-09",
            "from_time": "18:00",
            "to_time": "20:00",
            "reader": "reader-7",
            "proposed_by": "reader",
            "asked_on": "2026-02-03",
        }
    ]
}
CANCELLATIONS: dict[str, Any] = {"items": [{"appointment_no": "phone-7.A12", "reason": "reader_ill"}]}
