"""Supply orders are asked for and withdrawn by facts of collection: in any order, any of them twice."""

from collections.abc import Sequence

from services.reading.supply import store
from services.reading.supply.domain import WAITING, Asked, Order, begin, supersede, withdraw
from services.reading.supply.use_cases import facts as telling
from services.reading.supply.use_cases import locking
from services.reading.validation import store as findings
from services.reading.validation.domain import duplicate
from services.reading.validation.domain.findings import Finding, Found
from shared.db.engine import Tx
from shared.events.supply import SupplyOrderRequested, SupplyOrderWithdrawn

KIND = "supply_order"


async def asked(tx: Tx, given: Sequence[SupplyOrderRequested]) -> None:
    """Take orders in; of a point the highest sequence counts, and lower ones that are not sent end here.

    One that comes again changes nothing; with other content it is found (`reading.conflicting_duplicate`).
    """
    if not given:
        return
    orders: dict[str, Order] = {}
    conflicts: list[Asked] = []
    for fact in given:
        order = begin(_asked(fact))
        if orders.setdefault(order.order_no, order).asked != order.asked:
            conflicts.append(order.asked)
    points = [each.point for each in orders.values()]
    await locking.hold(tx, points)
    new = await store.insert(tx, sorted(orders.values(), key=lambda each: each.order_no))
    there = await store.by_no(tx, [number for number in orders if number not in new])
    conflicts += [orders[number].asked for number, each in there.items() if each.asked != orders[number].asked]
    await findings.insert(tx, [_conflict(each) for each in conflicts])
    if new:
        await _settle(tx, new, points)


async def _settle(tx: Tx, new: set[str], points: Sequence[str]) -> None:
    """End the orders at points that are not wanted any more, now that some are new."""
    gone = await store.withdrawn(tx, sorted(new))
    ranks = await store.highest_at(tx, points)
    before, now = list[Order](), list[Order]()
    for order in await store.lock_unfinished_at(tx, points):
        after = order
        if order.order_no in gone:
            after = withdraw(order, tx.now)
        elif order.asked.rank < ranks[order.point]:
            after = supersede(order, tx.now)
        if after != order:
            before.append(order)
            now.append(after)
    await store.write(tx, now)
    telling.tell(tx, before, now)


async def withdrawn(tx: Tx, given: Sequence[SupplyOrderWithdrawn]) -> None:
    """Withdraw orders, now or when they are asked for; of those that the head-end may have is asked what became of them."""
    if not given:
        return
    await locking.hold(tx, [fact.service_point_no for fact in given])
    await store.note_withdrawals(tx, given)
    there = await locking.orders(tx, sorted({fact.order_no for fact in given}))
    before = [each for each in there.values() if each.in_flight or each.state == WAITING]
    now = [withdraw(each, tx.now) for each in before]
    await store.write(tx, now)
    telling.tell(tx, before, now)


def _asked(fact: SupplyOrderRequested) -> Asked:
    return Asked(
        order_no=fact.order_no,
        account_no=fact.account_no,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        action=fact.action,
        not_before=fact.not_before,
        expires_at=fact.expires_at,
        supersedes=fact.supersedes,
        sequence=fact.sequence,
        reason=fact.reason,
        asked_on=fact.asked_on,
    )


def _conflict(asked: Asked) -> Found:
    return Found(
        entity_kind=KIND,
        entity_id=asked.order_no,
        finding=Finding(duplicate.CODE, {}),
        service_point_no=asked.service_point_no,
        org_unit=asked.org_unit,
        cycle=f"{asked.asked_on:%Y-%m}",
    )
