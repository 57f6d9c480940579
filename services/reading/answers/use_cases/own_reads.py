"""What customers say that their meters show: stored as a read of source `self`, by the way of all reads that come in."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.reading.context import Context
from services.reading.intake.use_cases import intake
from services.reading.intake.use_cases.intake import ReadItem, Uploader
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import UNIT
from services.reading.network.store import installations, points
from services.reading.own_reads import store
from services.reading.own_reads.domain import LIFE, OwnRead
from services.reading.reads.domain.days import ReadDays
from services.reading.usage.domain.ranking import SELF
from shared.db.engine import Tx
from shared.events.notify import Answer, CustomerAnswered
from shared.outcome import Outcome, refused

NOT_THERE = "reading.meter_not_there"
NO_TIME = "reading.bad_time"
TAKEN = ("done", "already_done", "waiting")
CUSTOMER = "customer"


async def take(tx: Tx, facts: Sequence[Answer], *, own: Context) -> Sequence[Answer]:
    """Take answers, and that there was none; the first is the one. What cannot be a read is refused with its code, and listed.

    Return those to questions that were never asked.
    """
    there = await store.by_id(tx, [fact.question_id for fact in facts])
    if there:
        await points.lock(tx, [each.service_point_no for each in there.values()])
        now = await store.lock(tx, list(there))
        said: dict[str, CustomerAnswered] = {}
        changed: dict[str, OwnRead] = {}
        for fact in facts:
            asked = now.get(fact.question_id)
            if isinstance(fact, CustomerAnswered):
                if asked is not None and LIFE.may(asked.state, "report"):
                    said.setdefault(fact.question_id, fact)
            elif asked is not None and LIFE.may(asked.state, "expire"):
                changed[fact.question_id] = asked.after("expire", fact.reason)
        changed |= await _stored(tx, [(now[number], fact) for number, fact in said.items()], own)
        await store.write(tx, list(changed.values()))
    return [fact for fact in facts if fact.question_id not in there]


async def _stored(tx: Tx, given: Sequence[tuple[OwnRead, CustomerAnswered]], own: Context) -> dict[str, OwnRead]:
    """Store answers as reads, and return what became of each: the meter has to be at the point still."""
    if not given:
        return {}
    days = ReadDays(own.policies, own.zone)
    meters = await installations.by_point(tx, sorted({asked.service_point_no for asked, _ in given}))
    outcomes = [_refusal(asked, fact, meters.get(asked.service_point_no, ()), days) for asked, fact in given]
    items = [
        ReadItem(
            meter_no=asked.meter_no,
            read_at=fact.seen_at.isoformat() if fact.seen_at else "",
            source=SELF,
            unit=UNIT,
            registers=dict(fact.figures),
        )
        for (asked, fact), outcome in zip(given, outcomes, strict=True)
        if outcome is None
    ]
    by = Uploader(
        kind="answer",
        subject=CUSTOMER,
        message_id="",
        may_see=lambda _unit: True,
        sources=frozenset({SELF}),
    )
    recorded = iter(
        await intake.record(tx, items=items, malformed=0, uploader=by, policies=own.policies, zone=own.zone)
        if items
        else ()
    )
    return {
        asked.question_id: _after(asked, fact, outcome or next(recorded))
        for (asked, fact), outcome in zip(given, outcomes, strict=True)
    }


def _refusal(asked: OwnRead, fact: CustomerAnswered, meters: Sequence[Installation], days: ReadDays) -> Outcome | None:
    if fact.seen_at is None:
        return refused(NO_TIME, "the answer does not say when the meter was looked at")
    day: date = days.of(fact.seen_at)
    if not any(meter.meter_no == asked.meter_no and meter.stands_on(day) for meter in meters):
        return refused(NOT_THERE, "the meter is not at the point on that day")
    return None


def _after(asked: OwnRead, fact: CustomerAnswered, outcome: Outcome) -> OwnRead:
    is_taken = outcome.status in TAKEN
    code = outcome.code or (None if is_taken else outcome.status)
    return replace(
        asked.after("report" if is_taken else "refuse", code),
        read_id=outcome.id if is_taken else None,
        answered_on=fact.answered_on,
        way=fact.way,
        recorded_by=fact.recorded_by,
    )
