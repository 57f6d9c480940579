"""Site orders are taken back by reviewers: what waits for one goes on without it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.business_day import store as business_day
from services.billing.contracts.store import contracts as contracts_store
from services.billing.site_orders import store
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import SiteOrderWithdrawalRequested

NOT_NEEDED = "not_needed"


class UnknownOrder(BusinessError):
    status = 404
    code = "site_order.unknown"
    title = "There is no such site order"


class NotOut(BusinessError):
    status = 409
    code = "site_order.not_out"
    title = "Nothing waits for this site order: it has ended, was taken back, or was asked for in reading"


async def withdraw(
    tx: Tx,
    order_no: str,
    *,
    explanation: str,
    actor: str,
    business_date: date | None,
    may_see: Callable[[str], bool],
) -> Row[Any]:
    """Take an order back, with its audit row, and tell reading; one on which a visitor has reported already goes on there.

    What comes of it all the same is kept, but nothing waits for it. Raises UnknownOrder, NotOut. `business_date`: by default the
    latest that billing has heard of, never before the order was asked for.
    """
    before = await store.row(tx, order_no)
    if before is None or not may_see(before.org_unit):
        raise UnknownOrder
    await contracts_store.lock_at(tx, [before.service_point_no])
    order = (await store.lock(tx, [order_no]))[order_no]
    if not store.is_out(order):
        raise NotOut(order.state)
    day = max(business_date or await business_day.latest(tx) or order.asked_on, order.asked_on)
    await _let_go(tx, order, day=day, actor=actor, explanation=explanation)
    found = await store.row(tx, order_no)
    assert found is not None
    return found


async def take_back(tx: Tx, kind: str, subject_id: str, *, on: date, actor: str, explanation: str) -> None:
    """Take back the orders of a subject that are out, as nothing waits for them any more; the subject is locked."""
    out = [each.order_no for each in await store.of_subject(tx, kind, subject_id) if store.is_out(each)]
    if not out:
        return
    for order in (await store.lock(tx, out)).values():
        if store.is_out(order):
            await _let_go(tx, order, day=max(on, order.asked_on), actor=actor, explanation=explanation)


async def _let_go(tx: Tx, order: Row[Any], *, day: date, actor: str, explanation: str) -> None:
    await store.let_go(tx, order.order_no, day=day, by=actor, explanation=explanation)
    tx.audit(
        [
            AuditEntry(
                action="site_order.withdrawn",
                entity_kind="site_order",
                entity_id=order.order_no,
                actor=actor,
                reason=explanation,
            )
        ]
    )
    tx.publish(
        [
            SiteOrderWithdrawalRequested(
                account_no=order.account_no,
                request_id=order.order_no,
                service_point_no=order.service_point_no,
                org_unit=order.org_unit,
                reason=NOT_NEEDED,
                requested_by=actor,
                asked_on=day,
            )
        ]
    )
