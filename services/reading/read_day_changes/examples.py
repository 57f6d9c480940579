"""A body that an integrator can start from: shown in the OpenAPI document, and called by a test."""

from typing import Any

REQUEST: dict[str, Any] = {
    "request_no": "RD-2026-0001",
    "route_no": "R-0001",
    "read_day": 20,
    "from_cycle": "2026-06",
    "reason": "route_balance",
    "explanation": "The route is too long for one day together with its neighbour.",
    "asked_on": "2026-05-04",
}
