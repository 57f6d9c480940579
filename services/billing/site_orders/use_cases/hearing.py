"""What reading tells of site orders is kept under their numbers, in any order, and handed to those who wait for it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from services.billing.contracts.store import contracts as contracts_store
from services.billing.site_orders import store
from services.billing.site_orders.domain import DONE, KINDS, NOT_DONE, OUT, WITHDRAWN, Result, Told
from shared.db.engine import Tx
from shared.events.reading import SiteOrderDone, SiteOrderNotDone, SiteOrderOverdue, SiteOrderWithdrawn

Listener = Callable[[Tx, Sequence[Result]], Awaitable[None]]
"""What is done with the results of site orders that one kind of subject has asked for; each comes once."""
_OF_ALL = ("order_no", "kind", "service_point_no", "org_unit", "requested_by", "reference", "cycle")


async def hear(tx: Tx, told: Sequence[Told], *, listeners: Mapping[str, Listener]) -> None:
    """Keep how orders have ended, and hand what is new to the listeners of their subjects.

    Orders without a reference are none of billing's. One that nobody here has asked for is kept too, and shown at the bill that
    it names: nothing waits for it.
    """
    first: dict[str, Told] = {}
    for each in told:
        if each.reference is not None and each.kind in KINDS:
            first.setdefault(each.order_no, each)
    if not first:
        return
    in_order = [first[number] for number in sorted(first)]
    # accounts before orders, as by who asks and who takes back
    await contracts_store.lock_at(tx, [each.service_point_no for each in in_order])
    await store.know(tx, in_order)
    rows = await store.lock(tx, list(first))
    new = [each for each in in_order if rows[each.order_no].state == OUT]
    if not new:
        return
    await store.end(tx, new)
    of_kind: dict[str, list[Result]] = {}
    for each in new:
        row = rows[each.order_no]
        if row.subject_kind is not None:
            of_kind.setdefault(row.subject_kind, []).append(_result(each, row))
    for kind in sorted(of_kind):
        if kind in listeners:
            await listeners[kind](tx, of_kind[kind])


async def hear_overdue(tx: Tx, facts: Sequence[SiteOrderOverdue]) -> None:
    """Keep which orders are overdue, also where that comes after their end."""
    first = {fact.order_no: fact for fact in reversed(facts) if fact.reference is not None and fact.kind in KINDS}
    if first:
        in_order = [first[number] for number in sorted(first)]
        await store.know(tx, in_order)
        await store.overdue(tx, in_order)


def done(fact: SiteOrderDone) -> Told:
    """Return that an order is done."""
    return Told(
        **_of_all(fact),
        state=DONE,
        ended_on=fact.done_on,
        result=fact.result,
        visited_by=fact.visited_by,
        decided_by=fact.decided_by,
        meter_no=fact.meter_no,
        read_id=fact.read_id,
        registers=fact.registers,
    )


def not_done(fact: SiteOrderNotDone) -> Told:
    """Return that an order could not be done."""
    return Told(
        **_of_all(fact),
        state=NOT_DONE,
        ended_on=fact.not_done_on,
        result=fact.reason,
        visited_by=fact.visited_by,
    )


def withdrawn(fact: SiteOrderWithdrawn) -> Told:
    """Return that an order is not needed any more."""
    return Told(**_of_all(fact), state=WITHDRAWN, ended_on=fact.withdrawn_on, result=fact.reason)


def _of_all(fact: SiteOrderDone | SiteOrderNotDone | SiteOrderWithdrawn) -> dict[str, Any]:
    return {name: getattr(fact, name) for name in _OF_ALL}


def _result(told: Told, row: Any) -> Result:
    return Result(
        order_no=told.order_no,
        kind=told.kind,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        service_point_no=told.service_point_no,
        state=told.state,
        ended_on=told.ended_on,
        result=told.result,
        visited_by=told.visited_by,
        decided_by=told.decided_by,
        meter_no=told.meter_no,
        read_id=told.read_id,
        registers=told.registers or {},
    )
