"""Site orders are given to persons."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.reading.orders import store
from services.reading.orders.domain import CLOSING_CHECK, OPEN, Order
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import REPEATED, Outcome, refused

UNKNOWN = "reading.unknown_order"
CLOSED = "reading.order_closed"
NEEDS_ANOTHER = "reading.order_needs_another_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who is to do an order; nobody in particular where `assignee` is none."""

    order_no: str
    assignee: str | None


async def assign(tx: Tx, given: Sequence[Assignment], *, actor: str, may_see: Callable[[str], bool]) -> list[Outcome]:
    """Give open orders to persons, one outcome per item."""
    times = Counter(each.order_no for each in given)
    known = await store.lock(tx, list(times))
    outcomes = [_judge(each, known, times, may_see) for each in given]
    done = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    await store.write(tx, [replace(known[each.order_no], assignee=each.assignee) for each in done])
    tx.audit(
        [
            AuditEntry(
                action="site_order.assigned",
                entity_kind="site_order",
                entity_id=each.order_no,
                actor=actor,
                reason=each.assignee or "",
                before_version=known[each.order_no].version,
                after_version=known[each.order_no].version + 1,
            )
            for each in done
        ]
    )
    return outcomes


def _judge(
    given: Assignment, known: Mapping[str, Order], times: Counter[str], may_see: Callable[[str], bool]
) -> Outcome:
    number, order = given.order_no, known.get(given.order_no)
    if times[number] > 1:
        return refused(REPEATED, id=number)
    if order is None or not may_see(order.asked.org_unit):
        return refused(UNKNOWN, "there is no such site order", id=number)
    if order.assignee == given.assignee:
        return Outcome("already_done", id=number)
    if order.state != OPEN:
        return refused(CLOSED, "the order is not open any more", id=number)
    if order.asked.kind == CLOSING_CHECK and given.assignee == order.asked.requested_by:
        return refused(NEEDS_ANOTHER, "another person than who asked for it checks a closing", id=number)
    return Outcome("done", id=number)
