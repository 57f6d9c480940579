"""Site orders that are overdue are found, once each."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.reading.network.store import points
from services.reading.orders import store
from services.reading.orders.domain import Order
from services.reading.orders.use_cases import facts
from services.reading.orders.use_cases.asking import Deadlines
from shared.db.engine import Tx, View

ORDERS_MAX = 1000  # at a time, so that memory does not grow with what was left


async def units(view: View, business_date: date) -> Sequence[str]:
    """Return the org units that have something to be found on a business date."""
    return await store.units_due(view, business_date)


async def why_none(view: View, business_date: date) -> str:
    """Say why nothing is to be found."""
    first = await store.first_due(view)
    if first is None:
        return "no site order waits to be done"
    return f"the first site order is due on {first}" if first >= business_date else "all that are overdue were found"


async def find(tx: Tx, *, org_unit: str, business_date: date, deadlines: Deadlines) -> int:
    """Tell the orders of an org unit that are overdue, and return how many. What had no day gets one where a calendar has it."""
    count = 0
    seen: set[str] = set()
    while numbers := [
        no for no in await store.due(tx, org_unit, business_date, len(seen) + ORDERS_MAX) if no not in seen
    ]:
        seen |= set(numbers)
        there = await store.by_no(tx, numbers)
        await points.lock(tx, sorted({each.point for each in there.values()}))
        now = [_dated(each, deadlines) for each in (await store.lock(tx, numbers)).values()]
        late = [
            replace(each, overdue_on=business_date)
            for each in now
            if each.state in store.UNFINISHED
            and each.overdue_on is None
            and each.due_on is not None
            and each.due_on < business_date
        ]
        found = {each.order_no for each in late}
        dated = [each for each in now if each.order_no not in found and each.due_on != there[each.order_no].due_on]
        await store.write_due(tx, [*late, *dated])
        tx.publish([facts.overdue(each) for each in late])
        count += len(late)
    return count


def _dated(order: Order, deadlines: Deadlines) -> Order:
    return replace(order, due_on=deadlines.begin(order.asked).due_on) if order.due_on is None else order
