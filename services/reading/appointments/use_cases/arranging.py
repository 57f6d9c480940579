"""Appointments are proposed by readers, whose customers are asked, or by customers, and are called off."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.reading.appointments import store
from services.reading.appointments.domain import AGREED, ANSWERS, ASKED, CUSTOMER, LIFE, SUBJECT, Appointment
from services.reading.appointments.use_cases import visits
from services.reading.network.domain import calendar
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points
from services.reading.policies.domain import Policies
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.reading import QuestionWithdrawn, VisitProposed
from shared.outcome import OTHER_ORG_UNIT, REPEATED, Outcome, refused

UNKNOWN = "reading.unknown_appointment"
OVER = "reading.appointment_over"
ASKED_ALREADY = "reading.appointment_asked_already"
BAD_DAY = "reading.bad_appointment_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An appointment as it is proposed; `way`: how the customer said it, of one that the customer proposes."""

    appointment_no: str
    service_point_no: str
    visit_on: date
    from_time: str
    to_time: str
    reader: str | None
    proposed_by: str
    way: str | None
    asked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Why an appointment is called off: a code."""

    appointment_no: str
    reason: str


async def propose(
    tx: Tx, given: Sequence[Wanted], *, actor: str, may_see: Callable[[str], bool], policies: Policies
) -> list[Outcome]:
    """Propose appointments, one outcome per item; the customers of those that a reader proposes are asked."""
    numbers = sorted({each.service_point_no for each in given})
    await points.lock(tx, numbers)
    known = await points.by_no(tx, numbers)
    there = await store.by_no(tx, [each.appointment_no for each in given])
    taken = await store.waiting_at(tx, numbers)
    times = Counter(each.appointment_no for each in given)
    new: list[Appointment] = []
    outcomes = []
    for each in given:
        made = _appointment(each, known.get(each.service_point_no), actor, policies)
        old = there.get(each.appointment_no)
        outcome = None
        if times[each.appointment_no] > 1:
            outcome = refused(REPEATED, id=each.appointment_no)
        elif made is None:
            outcome = refused("reading.unknown_service_point", "there is no such service point", each.appointment_no)
        elif not may_see(made.org_unit):
            outcome = refused(OTHER_ORG_UNIT, id=each.appointment_no)
        elif old is not None:
            outcome = Outcome("already_done" if _same(old, made) else "conflicting_duplicate", id=each.appointment_no)
        else:
            outcome = _refusal(made, taken, policies)
        if outcome is None and made is not None:
            new.append(made)
            taken.add(made.service_point_no)
        outcomes.append(outcome or Outcome("done", id=each.appointment_no))
    await store.insert(tx, new)
    tx.publish([_question(each) for each in new if each.state == ASKED])
    await visits.arrange(tx, [each for each in new if each.state == AGREED])
    tx.audit([_entry("appointment.proposed", each.appointment_no, actor) for each in new])
    return outcomes


async def call_off(
    tx: Tx, given: Sequence[Cancellation], *, actor: str, may_see: Callable[[str], bool], zone: ZoneInfo
) -> list[Outcome]:
    """Call appointments off, one outcome per item: a question needs no answer any more, who had agreed is told."""
    there = await store.by_no(tx, [each.appointment_no for each in given])
    await points.lock(tx, [each.service_point_no for each in there.values()])
    now = await store.by_no(tx, list(there))
    to_come = await visits.to_come(tx, [each for each in now.values() if each.state == AGREED])
    times = Counter(each.appointment_no for each in given)
    outcomes = []
    over: list[Appointment] = []
    for each in given:
        number, found = each.appointment_no, now.get(each.appointment_no)
        if times[number] > 1:
            outcomes.append(refused(REPEATED, id=number))
        elif found is None or not may_see(found.org_unit):
            outcomes.append(refused(UNKNOWN, "there is no such appointment", number))
        elif found.closed_for == each.reason:
            outcomes.append(Outcome("already_done", id=number))
        elif not LIFE.may(found.state, "cancel") or (found.state == AGREED and number not in to_come):
            outcomes.append(refused(OVER, "the appointment is over", number))
        else:
            over.append(found.after("cancel", each.reason))
            outcomes.append(Outcome("done", id=number))
    await store.write(tx, over)
    tx.publish(
        [
            QuestionWithdrawn(
                question_id=each.appointment_id,
                service_point_no=each.service_point_no,
                reason=each.closed_for or "",
            )
            for each in over
            if now[each.appointment_no].state == ASKED
        ]
    )
    today = calendar.local_day(tx.now, zone)
    await visits.call_off(tx, {each.appointment_no: each for each in over if each.appointment_no in to_come}, today)
    tx.audit([_entry("appointment.called_off", each.appointment_no, actor, each.closed_for or "") for each in over])
    return outcomes


def _appointment(wanted: Wanted, point: ServicePoint | None, actor: str, policies: Policies) -> Appointment | None:
    if point is None:
        return None
    by_customer = wanted.proposed_by == CUSTOMER
    return Appointment(
        appointment_no=wanted.appointment_no,
        service_point_no=wanted.service_point_no,
        org_unit=point.org_unit,
        visit_on=wanted.visit_on,
        from_time=wanted.from_time,
        to_time=wanted.to_time,
        reader=wanted.reader,
        proposed_by=wanted.proposed_by,
        asked_by=actor,
        asked_on=wanted.asked_on,
        answer_by=None
        if by_customer
        else min(
            wanted.asked_on + timedelta(days=policies.on_or_first(wanted.asked_on).appointments.answer_days),
            wanted.visit_on - timedelta(days=1),
        ),
        state=LIFE.start(AGREED if by_customer else ASKED),
        answered_on=wanted.asked_on if by_customer else None,
        way=wanted.way,
        recorded_by=actor if by_customer else None,
    )


def _same(old: Appointment, made: Appointment) -> bool:
    asked = ("service_point_no", "visit_on", "from_time", "to_time", "reader", "proposed_by", "asked_by", "asked_on")
    return all(getattr(old, name) == getattr(made, name) for name in asked)


def _refusal(made: Appointment, taken: set[str], policies: Policies) -> Outcome | None:
    last = made.asked_on + timedelta(days=policies.on_or_first(made.asked_on).appointments.days_max)
    if not made.asked_on < made.visit_on <= last:
        return refused(BAD_DAY, f"the visit is after {made.asked_on} and not after {last}", made.appointment_no)
    if made.service_point_no in taken:
        return refused(ASKED_ALREADY, "the point has an appointment that is not over", made.appointment_no)
    return None


def _question(appointment: Appointment) -> VisitProposed:
    assert appointment.answer_by is not None
    return VisitProposed(
        question_id=appointment.appointment_id,
        subject_kind=SUBJECT,
        subject_id=appointment.appointment_no,
        service_point_no=appointment.service_point_no,
        org_unit=appointment.org_unit,
        asked_on=appointment.asked_on,
        answers=ANSWERS,
        answer_by=appointment.answer_by,
        purpose="appointment",
        visit_on=appointment.visit_on,
        from_time=appointment.from_time,
        to_time=appointment.to_time,
    )


def _entry(action: str, number: str, actor: str, reason: str = "") -> AuditEntry:
    return AuditEntry(action=action, entity_kind="appointment", entity_id=number, actor=actor, reason=reason)
