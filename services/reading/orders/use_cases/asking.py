"""Site orders are asked for: by persons, each answered by itself, and by facts of billing and notify, any of them twice."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.store import points
from services.reading.orders import store
from services.reading.orders.domain import BILLING, NOTIFY, PERSON, REREAD, TELL_PERSON, Asked, Order, begin
from services.reading.orders.use_cases import giving, withdrawing
from services.reading.policies.domain import Policies
from services.reading.tasks.store import route_cycles, tasks
from services.reading.validation import store as findings
from services.reading.validation.domain import duplicate
from services.reading.validation.domain.findings import Finding, Found
from shared.business_calendar import Calendar, YearUnknown
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.billing import RereadRequested, SiteOrderRequested
from shared.events.notify import VisitAsked
from shared.outcome import OTHER_ORG_UNIT, REPEATED, Outcome, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """By which day orders are to be done: policies and the calendar of business days."""

    policies: Policies
    calendar: Calendar

    def begin(self, asked: Asked) -> Order:
        """Return a new order with its due day; without one where no calendar has it."""
        rules = self.policies.on_or_first(asked.asked_on).site_orders.kinds[asked.kind]
        return begin(asked, rules.due.on(asked.asked_on, self.calendar))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asks for, by a number of his own."""

    order_no: str
    kind: str
    service_point_no: str
    reason: str
    reference: str | None
    cycle: str | None
    asked_on: date


AskingFact = RereadRequested | SiteOrderRequested | VisitAsked
"""What asks for a site order, each under a number of its own."""


async def ask(
    tx: Tx, given: Sequence[Wanted], *, actor: str, may_see: Callable[[str], bool], deadlines: Deadlines, last: date
) -> list[Outcome]:
    """Make orders that a person asks for, one outcome per item; `last`: the latest business date that may be given.

    `already_done`: the number is there with the same content; `conflicting_duplicate`: with other content, which stays.
    """
    known = await points.by_no(tx, sorted({each.service_point_no for each in given}))
    times = Counter(each.order_no for each in given)
    orders: dict[str, Order] = {}
    outcomes: list[Outcome | None] = []
    for each in given:
        point = known.get(each.service_point_no)
        outcome = None
        if times[each.order_no] > 1:
            outcome = refused(REPEATED, id=each.order_no)
        elif point is None:
            outcome = refused("reading.unknown_service_point", "there is no such service point", id=each.order_no)
        elif not may_see(point.org_unit):
            outcome = refused(OTHER_ORG_UNIT, id=each.order_no)
        elif each.asked_on > last:
            outcome = refused("business_date.in_the_future", "the day lies after tomorrow", id=each.order_no)
        else:
            order = deadlines.begin(_asked(each, point.org_unit, actor))
            if order.due_on is None:
                outcome = refused(YearUnknown.code, YearUnknown.title, id=each.order_no)
            else:
                orders[each.order_no] = order
        outcomes.append(outcome)
    there = await _insert(tx, list(orders.values()), deadlines.policies)
    new = [each for number, each in orders.items() if number not in there]
    tx.audit(
        [
            AuditEntry(action="site_order.asked", entity_kind="site_order", entity_id=each.order_no, actor=actor)
            for each in new
        ]
    )
    return [
        outcome or _met(orders[each.order_no], there.get(each.order_no))
        for each, outcome in zip(given, outcomes, strict=True)
    ]


def _asked(wanted: Wanted, org_unit: str, actor: str) -> Asked:
    return Asked(
        order_no=wanted.order_no,
        kind=wanted.kind,
        service_point_no=wanted.service_point_no,
        org_unit=org_unit,
        origin=PERSON,
        requested_by=actor,
        reason=wanted.reason,
        reference=wanted.reference,
        cycle=wanted.cycle,
        asked_on=wanted.asked_on,
    )


def _met(order: Order, there: Order | None) -> Outcome:
    if there is None:
        return Outcome("done", id=order.order_no)
    return Outcome("already_done" if there.asked == order.asked else "conflicting_duplicate", id=order.order_no)


async def ask_by_facts(tx: Tx, facts: Sequence[AskingFact], *, deadlines: Deadlines, zone: ZoneInfo) -> None:
    """Make the orders that billing or notify asks for; one that comes again changes nothing, with other content it is found.

    One that names no day counts from the latest business date that reading has heard of.
    """
    if not facts:
        return
    heard = await route_cycles.last_closed(tx) or calendar.local_day(tx.now, zone)
    orders: dict[str, Order] = {}
    conflicts: list[Order] = []
    for fact in facts:
        order = deadlines.begin(_by_fact(fact, heard))
        if _differs(orders.setdefault(order.order_no, order), order):
            conflicts.append(order)
    there = await _insert(tx, list(orders.values()), deadlines.policies)
    conflicts += [each for number, each in orders.items() if number in there and _differs(there[number], each)]
    await findings.insert(tx, [_conflict(each) for each in conflicts])
    await withdrawing.by_facts(tx, list(orders))


async def ask_for_days(tx: Tx, given: Sequence[tuple[Asked, date, str | None]]) -> None:
    """Make orders that are due on a day of their own, each given to somebody, or to nobody in particular."""
    orders = [replace(begin(asked, day), assignee=assignee) for asked, day, assignee in given]
    await store.insert(tx, sorted(orders, key=lambda each: each.order_no))


async def ask_by_rule(tx: Tx, given: Sequence[Asked], *, deadlines: Deadlines) -> None:
    """Make the orders that a rule asks for, of one kind one at a time at a point; the points are locked."""
    if not given:
        return
    there = await store.unfinished_at(tx, sorted({each.service_point_no for each in given}))
    first: dict[tuple[str, str], Asked] = {}
    for each in given:
        if (each.service_point_no, each.kind) not in there:
            first.setdefault((each.service_point_no, each.kind), each)
    await _insert(tx, [deadlines.begin(each) for each in first.values()], deadlines.policies)


async def ask_one(tx: Tx, asked: Asked, *, deadlines: Deadlines) -> Order | None:
    """Make an order for a document of reading's own, and return it; none where the number is taken. The point is locked."""
    order = deadlines.begin(asked)
    if order.due_on is None:
        raise YearUnknown(str(asked.asked_on.year))
    return None if await _insert(tx, [order], deadlines.policies) else order


def _by_fact(fact: AskingFact, heard: date) -> Asked:
    if isinstance(fact, VisitAsked):
        return Asked(
            order_no=fact.order_no,
            kind=TELL_PERSON,
            service_point_no=fact.service_point_no,
            org_unit=fact.org_unit,
            origin=NOTIFY,
            requested_by=NOTIFY,
            reason=fact.template,
            reference=fact.notice_id,
            cycle=None,
            asked_on=fact.asked_on,
        )
    return Asked(
        order_no=fact.request_id,
        kind=REREAD if isinstance(fact, RereadRequested) else fact.kind,
        service_point_no=fact.service_point_no,
        org_unit=fact.org_unit,
        origin=BILLING,
        requested_by=fact.requested_by,
        reason=fact.reason,
        reference=fact.bill_id if isinstance(fact, RereadRequested) else fact.bill_id or fact.reference,
        cycle=fact.cycle,
        asked_on=fact.asked_on or heard,
    )


def _differs(there: Order, order: Order) -> bool:
    """Return whether another thing is asked under a known number; a day that was not given is no content."""
    return replace(there.asked, asked_on=order.asked.asked_on) != order.asked


async def _insert(tx: Tx, orders: Sequence[Order], policies: Policies) -> dict[str, Order]:
    """Write orders, and return those whose number was there already. Points of new re-reads are to be read again."""
    given = await giving.to_persons_of_routes(tx, orders, policies)
    in_order = sorted(given, key=lambda each: each.order_no)  # two batches must not wait for each other in a ring
    new = await store.insert(tx, in_order)
    again = {
        (each.point, each.asked.cycle)
        for each in orders
        if each.order_no in new and each.asked.kind == REREAD and each.asked.cycle
    }
    await tasks.mark_rereads(tx, sorted(again))
    return await store.by_no(tx, [each.order_no for each in orders if each.order_no not in new])


def _conflict(order: Order) -> Found:
    return Found(
        entity_kind="site_order",
        entity_id=order.order_no,
        finding=Finding(duplicate.CODE, {}),
        service_point_no=order.point,
        org_unit=order.asked.org_unit,
        cycle=order.asked.cycle or "",
    )
