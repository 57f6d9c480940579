"""Customers because of whom points could not be read are asked what their meters show."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.reading.network.domain.installations import Installation
from services.reading.network.store import installations, points
from services.reading.own_reads import store
from services.reading.own_reads.domain import ANSWERS, ASKED, LIFE, SUBJECT, OwnRead
from services.reading.policies.domain import CUSTOMER, Policies
from services.reading.tasks.domain.tasks import CYCLE, READ, Task, task_id
from services.reading.tasks.store import reasons, tasks
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.own_reads import AskedRegister, OwnReadAsked
from shared.outcome import REPEATED, Outcome, refused

UNKNOWN_TASK = "reading.unknown_task"
TASK_DONE = "reading.task_done"
NOT_BY_CUSTOMER = "reading.unread_not_by_customer"
ASKED_ALREADY = "reading.own_read_asked_already"
BAD_DAY = "reading.bad_own_read_day"
NO_METER = "reading.no_meter_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An own read as it is asked for."""

    request_no: str
    service_point_no: str
    read_date: date
    asked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _There:
    """What is known of the point of a request: its task, why it was not read, the meter that is there on the day of asking."""

    task: Task | None
    reason: str
    meter: Installation | None


async def ask(
    tx: Tx, given: Sequence[Wanted], *, actor: str, may_see: Callable[[str], bool], policies: Policies
) -> list[Outcome]:
    """Ask customers what their meters show, one outcome per item.

    Refused: a point without a task of that date, one that was read, one whose customer is not why it was not read, one whose
    customer is asked already.
    """
    numbers = sorted({each.service_point_no for each in given})
    await points.lock(tx, numbers)
    due = await tasks.by_key(tx, [(each.service_point_no, each.read_date) for each in given])
    why = await reasons.stored(tx, [task_id(each.service_point_no, each.read_date) for each in given])
    meters = await installations.by_point(tx, numbers)
    known = await store.by_no(tx, [each.request_no for each in given])
    taken = set(await store.lock_asked(tx, numbers))
    times = Counter(each.request_no for each in given)
    new: list[tuple[OwnRead, Installation]] = []
    outcomes = []
    for each in given:
        reason = why.get(task_id(each.service_point_no, each.read_date))
        there = _There(
            task=due.get((each.service_point_no, each.read_date)),
            reason=reason[0].reason if reason else "",
            meter=next(
                (meter for meter in meters.get(each.service_point_no, ()) if _is_there(meter, each.asked_on)), None
            ),
        )
        old = known.get(each.request_no)
        if times[each.request_no] > 1:
            outcome: Outcome | None = refused(REPEATED, id=each.request_no)
        elif old is not None and may_see(old.org_unit):
            outcome = Outcome("already_done" if _same(old, each) else "conflicting_duplicate", id=each.request_no)
        elif old is not None:
            outcome = Outcome("conflicting_duplicate", id=each.request_no)
        else:
            outcome = _refusal(each, there, taken, may_see, policies)
        if outcome is None and there.task is not None and there.meter is not None:
            new.append((_asked(each, there.task, there.reason, there.meter, actor, policies), there.meter))
            taken.add(each.service_point_no)
        outcomes.append(outcome or Outcome("done", id=each.request_no))
    await store.insert(tx, [each for each, _ in new])
    tx.publish([_question(each, meter) for each, meter in new])
    tx.audit([_entry(each, actor) for each, _ in new])
    return outcomes


def _is_there(meter: Installation, day: date) -> bool:
    return meter.from_ <= day and (meter.to is None or day < meter.to)


def _same(old: OwnRead, wanted: Wanted) -> bool:
    asked = ("service_point_no", "read_date", "asked_on")
    return all(getattr(old, name) == getattr(wanted, name) for name in asked)


def _refusal(
    wanted: Wanted, there: _There, taken: set[str], may_see: Callable[[str], bool], policies: Policies
) -> Outcome | None:
    number, task = wanted.request_no, there.task
    if task is None or task.kind != CYCLE or not may_see(task.org_unit):
        return refused(UNKNOWN_TASK, "the point is not to be read on that date", number)
    if task.status == READ:
        return refused(TASK_DONE, "the point was read", number)
    if policies.on_or_first(wanted.read_date).unread.reasons.get(there.reason) != CUSTOMER:
        return refused(NOT_BY_CUSTOMER, "no reason is noted of which the customer is the cause", number)
    if wanted.asked_on < wanted.read_date:
        return refused(BAD_DAY, "the customer is asked on the read date or later", number)
    if there.meter is None:
        return refused(NO_METER, "no meter is at the point", number)
    if wanted.service_point_no in taken:
        return refused(ASKED_ALREADY, "the customer is asked already", number)
    return None


def _asked(wanted: Wanted, task: Task, reason: str, meter: Installation, actor: str, policies: Policies) -> OwnRead:
    days = policies.on_or_first(wanted.asked_on).own_reads.answer_days
    return OwnRead(
        request_no=wanted.request_no,
        service_point_no=wanted.service_point_no,
        org_unit=task.org_unit,
        read_date=wanted.read_date,
        meter_no=meter.meter_no,
        reason=reason,
        asked_by=actor,
        asked_on=wanted.asked_on,
        answer_by=wanted.asked_on + timedelta(days=days),
        state=LIFE.start(ASKED),
    )


def _question(own_read: OwnRead, meter: Installation) -> OwnReadAsked:
    return OwnReadAsked(
        question_id=own_read.question_id,
        subject_kind=SUBJECT,
        subject_id=own_read.request_no,
        service_point_no=own_read.service_point_no,
        org_unit=own_read.org_unit,
        asked_on=own_read.asked_on,
        answers=ANSWERS,
        answer_by=own_read.answer_by,
        meter_no=own_read.meter_no,
        read_date=own_read.read_date,
        registers=tuple(
            AskedRegister(quantity=each.quantity, digits=each.digits, scale=each.scale) for each in meter.registers
        ),
    )


def _entry(own_read: OwnRead, actor: str) -> AuditEntry:
    number, reason = own_read.request_no, own_read.reason
    return AuditEntry(action="own_read.asked", entity_kind=SUBJECT, entity_id=number, actor=actor, reason=reason)
