"""Site orders are taken back by those who asked for them, where they are not needed any more."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from services.reading.network.domain import calendar
from services.reading.network.store import points
from services.reading.orders import store
from services.reading.orders.domain import BILLING, LIFE, NOTIFY, WITHDRAWN, Order, withdraw
from services.reading.orders.store import NotNeeded
from services.reading.orders.use_cases import ending
from services.reading.orders.use_cases.assigning import CLOSED, UNKNOWN
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.billing import SiteOrderWithdrawalRequested
from shared.events.notify import VisitWithdrawn
from shared.outcome import REPEATED, Outcome, refused

OF_BILLING = "reading.order_of_billing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """Why an order is not needed any more: a code."""

    order_no: str
    reason: str


async def take_back(
    tx: Tx, given: Sequence[Withdrawal], *, actor: str, may_see: Callable[[str], bool], zone: ZoneInfo
) -> list[Outcome]:
    """Withdraw open orders that persons or rules have asked for, one outcome per item, and tell it."""
    times = Counter(each.order_no for each in given)
    known = await _locked(tx, list(times))
    outcomes = [_judge(each, known, times, may_see) for each in given]
    done = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    ended = [withdraw(known[each.order_no], each.reason) for each in done]
    await store.write(tx, ended)
    today = calendar.local_day(tx.now, zone)
    await ending.tell(tx, [(order, today) for order in ended])
    tx.audit(
        [
            AuditEntry(
                action="site_order.withdrawn",
                entity_kind="site_order",
                entity_id=each.order_no,
                actor=actor,
                reason=each.reason,
                before_version=known[each.order_no].version,
                after_version=known[each.order_no].version + 1,
            )
            for each in done
        ]
    )
    return outcomes


async def take_back_by_facts(tx: Tx, facts: Sequence[SiteOrderWithdrawalRequested | VisitWithdrawn]) -> None:
    """Withdraw what billing or notify needs no more, now or when it is asked for; what a visitor has reported on goes on."""
    said = [_said(fact) for fact in facts]
    await store.note_withdrawals(tx, said)
    await by_facts(tx, [each.order_no for each in said])


def _said(fact: SiteOrderWithdrawalRequested | VisitWithdrawn) -> NotNeeded:
    if isinstance(fact, VisitWithdrawn):
        return NotNeeded(fact.order_no, fact.reason, NOTIFY, fact.withdrawn_on)
    return NotNeeded(fact.request_id, fact.reason, fact.requested_by, fact.asked_on)


async def by_facts(tx: Tx, order_nos: Sequence[str]) -> None:
    """Withdraw those open orders of which who asked for them has said that they are not needed any more, and tell it."""
    said = await store.withdrawals(tx, sorted(set(order_nos)))
    if not said:
        return
    known = await _locked(tx, sorted(said))
    mine = [each for each in known.values() if _is_of(each, said) and LIFE.may(each.state, "withdraw")]
    ended = [withdraw(each, said[each.order_no].reason) for each in mine]
    await store.write(tx, ended)
    await ending.tell(tx, [(order, said[order.order_no].withdrawn_on) for order in ended])
    tx.audit(
        [
            AuditEntry(
                action="site_order.withdrawn",
                entity_kind="site_order",
                entity_id=each.order_no,
                actor=said[each.order_no].requested_by,
                reason=said[each.order_no].reason,
                before_version=each.version,
                after_version=each.version + 1,
            )
            for each in mine
        ]
    )


def _is_of(order: Order, said: Mapping[str, Row[Any]]) -> bool:
    """Return whether it was the service that asked for an order which needs it no more."""
    of_notify = said[order.order_no].requested_by == NOTIFY
    return order.asked.origin == (NOTIFY if of_notify else BILLING)


async def _locked(tx: Tx, order_nos: Sequence[str]) -> dict[str, Order]:
    """Lock the points of orders, as who publishes under them must, and then the orders."""
    there = await store.by_no(tx, order_nos)
    await points.lock(tx, [order.point for order in there.values()])
    return await store.lock(tx, order_nos)


def _judge(
    given: Withdrawal, known: Mapping[str, Order], times: Counter[str], may_see: Callable[[str], bool]
) -> Outcome:
    number, order = given.order_no, known.get(given.order_no)
    if times[number] > 1:
        return refused(REPEATED, id=number)
    if order is None or not may_see(order.asked.org_unit):
        return refused(UNKNOWN, "there is no such site order", id=number)
    if order.state == WITHDRAWN and order.outcome == given.reason:
        return Outcome("already_done", id=number)
    if order.asked.origin == BILLING:
        return refused(OF_BILLING, "billing waits for it: who is there says that it is not needed", id=number)
    if not LIFE.may(order.state, "withdraw"):
        return refused(CLOSED, "the order is not open any more", id=number)
    return Outcome("done", id=number)
