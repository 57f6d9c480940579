"""Bodies that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

UNREAD_REASONS: dict[str, Any] = {
    "items": [{"service_point_no": "SP-0001", "read_date": "2026-02-01", "reason": "no_access"}]
}
ASKED_ENDS: dict[str, Any] = {
    "items": [{"service_point_no": "SP-0001", "day": "2026-02-11", "kind": "move", "reason": "moves_out"}]
}
WITHDRAWAL: dict[str, Any] = {"reason": "asked_by_mistake"}
