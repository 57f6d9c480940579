"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ASSIGNMENTS: dict[str, Any] = {
    "items": [
        {"route_no": "R-0001", "role": "reader", "subject": "reader-7", "from": "2027-01-01"},
        {
            "kind": "person_deputy",
            "person": "reader-7",
            "org_unit": "zj/hangzhou",
            "role": "reader",
            "subject": "reader-9",
            "from": "2027-01-20",
            "to": "2027-02-03",
        },
    ]
}
ACCEPTED: dict[str, Any] = {"org_unit": "zj/hangzhou", "from": "2027-01-01", "content_hash": "0" * 64}
