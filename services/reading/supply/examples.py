"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

RESULT: dict[str, Any] = {
    "switched": True,
    "switched_at": "2026-03-10T10:20:00+08:00",
    "carried_out_by": "fitter-3",
    "meter_no": "M-0001",
    "registers": {"import": "1234.56"},
}
OF_HEAD_END: dict[str, Any] = {
    "order_no": "01b30943-c907-741b-b4e9-d56f405523e3",
    "state": "done",
    "switched_at": "2026-03-10T09:02:11+08:00",
}
