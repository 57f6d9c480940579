"""What became of an order is told: by the head-end, when it has carried it out, or by the person who was there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.policies.domain import Policies
from services.reading.supply import domain, store
from services.reading.supply.domain import DONE, HEAD_END, HEAD_END_FAILED, PERSON, REFUSED, UNFINISHED, Order, Said
from services.reading.supply.use_cases import facts, locking
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import Outcome

LATE_RESULT = "supply.late_result"


class UnknownOrder(BusinessError):
    status = 404
    code = "supply_order.unknown"
    title = "There is no such supply order"


class InTheFuture(BusinessError):
    status = 422
    code = "supply.in_the_future"
    title = "It was switched at an instant that has not come"


class TooEarly(BusinessError):
    status = 422
    code = "supply.too_early"
    title = "It was switched more than a day before the order might be carried out"


class UnknownReason(BusinessError):
    status = 422
    code = "supply.unknown_reason"
    title = "The policy has no such reason for which an order was not carried out"


class NotSent(BusinessError):
    status = 409
    code = "supply.not_sent"
    title = "The order was never sent to the head-end"


class InFlight(BusinessError):
    status = 409
    code = "supply.in_flight"
    title = "The head-end has the order: that it was not carried out is for the head-end to say"


class OrderOver(BusinessError):
    status = 409
    code = "supply.order_over"
    title = "The order has ended already, and was not carried out"


class ResultConflicts(BusinessError):
    status = 409
    code = "supply.result_conflicts"
    title = "Something else was told of the order before, which stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What is told: it was switched at an instant, or (None) not, for `code`."""

    order_no: str
    switched_at: datetime | None
    code: str
    said: Said
    detail: str = ""


async def take(
    tx: Tx, result: Result, *, may_see: Callable[[str], bool], policies: Policies, zone: ZoneInfo
) -> Outcome:
    """Store what became of an order, and tell it.

    `already_done`: the same was told before. `done` with `supply.late_result`: the order had ended otherwise, or should have, and
    was carried out all the same. Raises UnknownOrder, InTheFuture, TooEarly, UnknownReason, NotSent, InFlight, OrderOver,
    ResultConflicts.
    """
    order = (await locking.orders(tx, [result.order_no])).get(result.order_no)
    if order is None or not may_see(order.asked.org_unit):
        raise UnknownOrder(result.order_no)
    if _told_before(order, result):
        return Outcome("already_done", id=order.order_no)
    if order.state == DONE:
        raise ResultConflicts(order.order_no)
    if result.said.by == HEAD_END and order.sent_at is None:
        raise NotSent(order.order_no)
    if result.switched_at is not None:
        after = _switched(order, result, result.switched_at, tx.now, zone)
    else:
        after = _failed(order, result, tx.now, policies, zone)
    await store.write(tx, [after])
    facts.tell(tx, [order], [after])
    tx.audit(
        [
            AuditEntry(
                action=f"supply_order.{'switched' if result.switched_at else 'not_switched'}",
                entity_kind="supply_order",
                entity_id=order.order_no,
                actor=result.said.reported_by,
                reason=result.code,
                before_version=order.version,
                after_version=order.version + 1,
            )
        ]
    )
    is_late = after.state == DONE and (order.state not in UNFINISHED or after.code)
    return Outcome("done", LATE_RESULT if is_late else "", id=order.order_no)


def _told_before(order: Order, result: Result) -> bool:
    if order.said is None or (order.said.by, order.said.carried_out_by) != (result.said.by, result.said.carried_out_by):
        return False
    if order.state == DONE:
        return order.switched_at == result.switched_at
    return order.state == domain.FAILED and order.code == _code(result) and result.switched_at is None


def _switched(order: Order, result: Result, at: datetime, now: datetime, zone: ZoneInfo) -> Order:
    if at > now + domain.CLOCKS_APART:
        raise InTheFuture(order.order_no)
    if at < order.asked.not_before - domain.EARLY_AT_MOST:
        raise TooEarly(order.order_no)
    return domain.switch(order, at, calendar.local_day(at, zone), result.said, now)


def _failed(order: Order, result: Result, now: datetime, policies: Policies, zone: ZoneInfo) -> Order:
    if result.said.by == PERSON:
        if result.code not in policies.on_or_first(calendar.local_day(now, zone)).supply.failed_reasons:
            raise UnknownReason(result.code)
        if order.in_flight:
            raise InFlight(order.order_no)
    if order.state == domain.FAILED and order.said is not None:
        raise ResultConflicts(order.order_no)
    if order.state not in UNFINISHED:
        raise OrderOver(order.order_no)
    return domain.fail(order, _code(result), now, detail=result.detail, said=result.said)


def _code(result: Result) -> str:
    """Return the code by which an order fails: a person's own, of a head-end whether it would not or could not."""
    if result.said.by == PERSON:
        return result.code
    return REFUSED if result.code == "refused" else HEAD_END_FAILED
