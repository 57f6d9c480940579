"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test. They belong to one home."""

from typing import Any

READS: dict[str, Any] = {
    "message_id": "headend-1.000123",
    "items": [
        {
            "meter_no": "M-0001",
            "read_at": "2026-02-01T00:00:00+08:00",
            "source": "remote",
            "unit": "kWh",
            "registers": {"import": "1180.00"},
        }
    ],
}


CSV = "meter_no,read_at,source,unit,reader,import\r\nM-0001,2026-02-01T09:30:00+08:00,site,kWh,reader-7,1180.40\r\n"
CURVES: dict[str, Any] = {
    "message_id": "headend-1.000124",
    "items": [
        {
            "meter_no": "M-0001",
            "day": "2026-01-15",
            "unit": "Wh",
            "interval_minutes": 30,
            "values": [120] * 47 + [None],
            "quality": "a" * 40 + "e" * 7 + "-",
        }
    ],
}


CORRECTION: dict[str, Any] = {"unit": "kWh", "registers": {"import": "1179.00"}, "reason": "misread"}


ANNULMENT: dict[str, Any] = {"reason": "wrong_meter"}
