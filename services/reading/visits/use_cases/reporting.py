"""Visitors report what became of site orders: from their phones, hours later, twice; or somebody enters it for them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.context import Context
from services.reading.intake.use_cases.intake import Times
from services.reading.network.domain import registers
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT
from services.reading.network.store import points
from services.reading.observations.domain import Observed
from services.reading.orders import store
from services.reading.orders.domain import CLOSING_CHECK, OPEN, REPORTED, Order, Visit, end, report
from services.reading.orders.use_cases import ending
from services.reading.orders.use_cases.assigning import CLOSED, NEEDS_ANOTHER, UNKNOWN
from services.reading.policies.domain import SiteOrders
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store.meter_days import MeterDay, meter_days
from services.reading.visits.use_cases import finishing
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import REPEATED, Outcome, refused


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What became of an order, as it was sent. `visited_by`: none where its sender did the visit."""

    order_no: str
    visited_at: str
    visited_by: str | None
    result: str | None
    not_done: str | None
    explanation: str | None
    meter_no: str | None
    unit: str | None
    registers: Mapping[str, str]
    observations: Sequence[Observed] = ()

    def visit(self, times: Times, actor: str) -> tuple[Visit, date]:
        """Return the visit and its civil day; raises `Refused`."""
        if self.registers and self.unit != UNIT:
            raise Refused("reading.wrong_unit", "register values are in kWh")
        at, day = times.of(self.visited_at)
        visit = Visit(
            visited_by=self.visited_by or actor,
            visited_at=at,
            is_done=self.result is not None,
            outcome=self.result or self.not_done or "",
            explanation=self.explanation,
            meter_no=self.meter_no,
            registers=dict(self.registers),
        )
        return visit, day


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who sends reports; `may_enter`: also of other persons' visits."""

    subject: str
    may_enter: bool
    may_see: Callable[[str], bool]


async def take(tx: Tx, given: Sequence[Reported | Outcome], *, sender: Sender, own: Context) -> list[Outcome]:
    """Take what visitors report, one outcome per item; what is no report at all comes with its outcome.

    `done`: the order has ended; `awaiting_approval`: registers came with it, another person decides on them. What somebody else
    enters for the visitor is a read at once: reader and uploader are two persons then. `already_done`: it was reported so before.
    """
    times = Times(ReadDays(own.policies, own.zone), tx.now)
    counted = Counter(each.order_no for each in given if isinstance(each, Reported))
    known = await store.by_no(tx, list(counted))
    await points.lock(tx, sorted({order.point for order in known.values()}))
    known = await store.lock(tx, list(counted))
    judged: list[Outcome | tuple[Order, Visit, date]] = []
    for each in given:
        if isinstance(each, Outcome):
            judged.append(each)
            continue
        if counted[each.order_no] > 1:
            judged.append(refused(REPEATED, id=each.order_no))
            continue
        try:
            visit, day = each.visit(times, sender.subject)
            order = _known(known.get(each.order_no), sender)
            judged.append(_judge(order, visit, day, sender, own) or (order, visit, day))
        except Refused as fault:
            judged.append(refused(fault.code, fault.text, each.order_no))
    with_registers = [each for each in judged if not isinstance(each, Outcome) and each[1].registers]
    wrong = await _wrong(tx, with_registers, sender)
    new = [each for each in judged if not isinstance(each, Outcome) and each[0].order_no not in wrong]
    became = wrong | await _keep(tx, new, sender, own)
    return [each if isinstance(each, Outcome) else became[each[0].order_no] for each in judged]


def _known(order: Order | None, sender: Sender) -> Order:
    if order is None or not sender.may_see(order.asked.org_unit):
        raise Refused(UNKNOWN, "there is no such site order")
    return order


def check_sender(visited_by: str | None, sender: Sender) -> None:
    """Raise `Refused` where somebody enters another's visit who may not."""
    if visited_by not in (None, sender.subject) and not sender.may_enter:
        raise Refused("reading.visit_of_another", "who enters visits of others needs the scope reading:upload")


def _judge(order: Order, visit: Visit, day: date, sender: Sender, own: Context) -> Outcome | None:
    """Return that a report is there, or another one; raises `Refused` with what speaks against it."""
    if visit == order.visit:
        return Outcome("awaiting_approval" if order.state == REPORTED else "already_done", id=order.order_no)
    if visit == order.turned_back:
        raise Refused("reading.report_turned_back", "this report did not do: the order is to be done again")
    if order.state == REPORTED:
        return Outcome("conflicting_duplicate", id=order.order_no)
    if order.state != OPEN:
        raise Refused(CLOSED, "the order is not open any more")
    check_sender(visit.visited_by, sender)
    if order.assignee not in (None, visit.visited_by):
        raise Refused("reading.other_assignee", "the order is another person's")
    if order.asked.kind == CLOSING_CHECK and visit.visited_by == order.asked.requested_by:
        raise Refused(NEEDS_ANOTHER, "another person than who asked for it checks a closing")
    _check_outcome(order, visit, own.policies.on(day).site_orders)
    return None


def _check_outcome(order: Order, visit: Visit, rules: SiteOrders) -> None:
    kind = rules.kinds[order.asked.kind]
    if visit.is_done and visit.outcome not in kind.results:
        raise Refused("reading.unknown_result", "the policy has no such result of this kind")
    if not visit.is_done and visit.outcome not in rules.not_done_reasons:
        raise Refused("reading.unknown_reason", "the policy has no such reason")
    if visit.is_done and kind.registers and not visit.registers:
        raise Refused("reading.registers_missing", "an order of this kind brings registers")
    if visit.registers and not visit.is_done:
        raise Refused("reading.registers_not_wanted", "what was not done brings no registers")
    if visit.registers and visit.meter_no is None:
        raise Refused("reading.meter_not_named", "the meter whose registers these are is to be named")


async def _wrong(tx: Tx, given: Sequence[tuple[Order, Visit, date]], sender: Sender) -> dict[str, Outcome]:
    """Refuse registers that can be none of the meter at the point of the order on that day. One statement."""
    keys = list(dict.fromkeys((visit.meter_no or "", day) for _, visit, day in given))
    meters = await meter_days(tx, keys) if keys else {}
    wrong = {}
    for order, visit, day in given:
        try:
            _check_meter(order, visit, meters.get((visit.meter_no or "", day)), sender)
        except Refused as fault:
            wrong[order.order_no] = refused(fault.code, fault.text, order.order_no)
    return wrong


def _check_meter(order: Order, visit: Visit, meter: MeterDay | None, sender: Sender) -> None:
    if meter is None or not sender.may_see(meter.org_unit):
        raise Refused("reading.unknown_meter", "there is no such meter")
    if meter.service_point_no != order.point:
        raise Refused("reading.other_point", "the meter does not stand at the point of the order on that day")
    registers.counts(meter.registers, visit.registers)


async def _keep(tx: Tx, new: Sequence[tuple[Order, Visit, date]], sender: Sender, own: Context) -> dict[str, Outcome]:
    ended, waiting, entered = [], [], []
    for order, visit, day in new:
        if not visit.registers:
            by = None if visit.visited_by == sender.subject else sender.subject
            ended.append((end(order, visit, decided_by=by), day))
        elif visit.visited_by == sender.subject:
            waiting.append(report(order, visit))
        else:
            entered.append((order, visit))
    await store.write(tx, [*(order for order, _ in ended), *waiting])
    await ending.tell(tx, ended)
    tx.audit(
        [_audit(order, sender.subject) for order, _ in ended] + [_audit(order, sender.subject) for order in waiting]
    )
    became = {order.order_no: Outcome("done", id=order.order_no) for order, _ in ended}
    became |= {order.order_no: Outcome("awaiting_approval", id=order.order_no) for order in waiting}
    return became | await finishing.finish(tx, entered, actor=sender.subject, may_see=sender.may_see, own=own)


def _audit(order: Order, actor: str) -> AuditEntry:
    return AuditEntry(
        action=f"site_order.{order.state}",
        entity_kind="site_order",
        entity_id=order.order_no,
        actor=actor,
        reason=order.outcome or "",
        before_version=order.version,
        after_version=order.version + 1,
    )
