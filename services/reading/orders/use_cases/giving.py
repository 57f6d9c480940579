"""New site orders go to who reads or inspects the route of their point, as the policy says of their kind."""

from collections.abc import Sequence
from dataclasses import replace

from services.reading.network.store import points
from services.reading.orders.domain import CLOSING_CHECK, Order
from services.reading.policies.domain import Policies
from services.reading.readers.store import duty
from shared.db.engine import View


async def to_persons_of_routes(view: View, orders: Sequence[Order], policies: Policies) -> list[Order]:
    """Return orders with their assignee: who has the role on the day on which it was asked for, deputies first.

    What is assigned afterwards changes no order. Nobody is given a closing to check that he asked for; a route without that role
    gives its orders to nobody.
    """
    roles = {each.order_no: _role(each, policies) for each in orders}
    known = await points.by_no(view, sorted({each.point for each in orders if roles[each.order_no]}))
    keys = {
        each.order_no: (known[each.point].route_no, role, each.asked.asked_on)
        for each in orders
        if (role := roles[each.order_no]) and each.point in known
    }
    persons = await duty.of(view, list(keys.values()))
    return [_given(each, persons.get(keys[each.order_no])) if each.order_no in keys else each for each in orders]


def _role(order: Order, policies: Policies) -> str | None:
    return policies.on_or_first(order.asked.asked_on).readers.orders.get(order.asked.kind)


def _given(order: Order, person: str | None) -> Order:
    if order.asked.kind == CLOSING_CHECK and person == order.asked.requested_by:
        return order
    return replace(order, assignee=person)
