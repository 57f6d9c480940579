"""A body that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ALARMS: dict[str, Any] = {
    "message_id": "headend-1.000125",
    "items": [
        {
            "meter_no": "M-0001",
            "happened_at": "2026-01-15T03:12:00+08:00",
            "kind": "reverse_flow",
            "source": "meter",
            "state": "occurred",
        }
    ],
}
