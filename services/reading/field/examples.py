"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

ENTRIES: dict[str, Any] = {
    "items": [
        {
            "entry_no": "phone-7.000123",
            "meter_no": "M-0001",
            "seen_at": "2026-02-01T09:30:00+08:00",
            "unit": "kWh",
            "registers": {"import": "1180.40"},
            "notes": ["seal_broken"],
        },
        {
            "entry_no": "phone-7.000124",
            "service_point_no": "SP-0001",
            "seen_at": "2026-02-01T09:35:00+08:00",
            "unread_reason": "no_access",
            "observations": [{"observation_no": "phone-7.000202", "kind": "danger", "severity": "high"}],
        },
    ]
}
TAKEN_BACK: dict[str, Any] = {"items": [{"entry_no": "phone-7.000123", "reason": "wrong_door"}]}
RELEASE: dict[str, Any] = {
    "content_hash": "0" * 64,
    "refused": [{"entry_no": "phone-7.000124", "reason": "door_was_open"}],
}
