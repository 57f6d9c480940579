"""What reading tells billing of site orders."""

from typing import Any

from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderOverdue, SiteOrderWithdrawn

ABOUT: dict[str, Any] = {"service_point_no": "SP1", "org_unit": "zj/hangzhou", "kind": "use_check"}


def _about(order_no: str, more: dict[str, Any]) -> dict[str, Any]:
    return ABOUT | {"order_no": order_no, "requested_by": "reviewer-1", "reference": "B1"} | more


def done(order_no: str, **more: Any) -> SiteOrderDone:
    said = {"done_on": "2026-02-05", "result": "as_agreed", "visited_by": "inspector-1"}
    return SiteOrderDone(**said | _about(order_no, more))


def not_done(order_no: str, **more: Any) -> SiteOrderNotDone:
    said = {"not_done_on": "2026-02-05", "reason": "no_access", "visited_by": "inspector-1"}
    return SiteOrderNotDone(**said | _about(order_no, more))


def withdrawn(order_no: str, **more: Any) -> SiteOrderWithdrawn:
    return SiteOrderWithdrawn(**{"withdrawn_on": "2026-02-05", "reason": "not_needed"} | _about(order_no, more))


def overdue(order_no: str, **more: Any) -> SiteOrderOverdue:
    said = {"due_on": "2026-02-16", "found_on": "2026-02-17"} | _about(order_no, more)
    return SiteOrderOverdue(**{name: value for name, value in said.items() if name not in ("requested_by", "cycle")})
