"""What is told of site orders: codes and numbers, no words of people."""

from datetime import date

from services.reading.orders.domain import Order
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderOverdue, SiteOrderWithdrawn


def done(order: Order, day: date) -> SiteOrderDone:
    """Return that an order was done on a day."""
    asked = order.asked
    return SiteOrderDone(
        order_no=asked.order_no,
        service_point_no=asked.service_point_no,
        org_unit=asked.org_unit,
        kind=asked.kind,
        requested_by=asked.requested_by,
        reference=asked.reference,
        cycle=asked.cycle,
        done_on=day,
        result=order.outcome or "",
        visited_by=order.visit.visited_by if order.visit else None,
        visited_at=order.visit.visited_at if order.visit else None,
        decided_by=order.decided_by,
        meter_no=order.visit.meter_no if order.visit else None,
        read_id=order.read_id,
        registers=dict(order.visit.registers) if order.visit else {},
    )


def not_done(order: Order, day: date) -> SiteOrderNotDone:
    """Return that an order could not be done, as was seen on a day."""
    asked = order.asked
    assert order.visit is not None
    return SiteOrderNotDone(
        order_no=asked.order_no,
        service_point_no=asked.service_point_no,
        org_unit=asked.org_unit,
        kind=asked.kind,
        requested_by=asked.requested_by,
        reference=asked.reference,
        cycle=asked.cycle,
        not_done_on=day,
        reason=order.visit.outcome,
        visited_by=order.visit.visited_by,
    )


def withdrawn(order: Order, day: date) -> SiteOrderWithdrawn:
    """Return that an order was withdrawn on a day."""
    asked = order.asked
    return SiteOrderWithdrawn(
        order_no=asked.order_no,
        service_point_no=asked.service_point_no,
        org_unit=asked.org_unit,
        kind=asked.kind,
        requested_by=asked.requested_by,
        reference=asked.reference,
        cycle=asked.cycle,
        withdrawn_on=day,
        reason=order.outcome or "",
    )


def overdue(order: Order) -> SiteOrderOverdue:
    """Return that an order was found overdue."""
    asked = order.asked
    assert order.due_on is not None
    assert order.overdue_on is not None
    return SiteOrderOverdue(
        order_no=asked.order_no,
        service_point_no=asked.service_point_no,
        org_unit=asked.org_unit,
        kind=asked.kind,
        reference=asked.reference,
        due_on=order.due_on,
        found_on=order.overdue_on,
    )
