"""Movements of meters and results of tests are recorded, each under a number of its own, in any order, twice; and annulled."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from services.reading.network.domain.reference import Meter
from services.reading.network.store import meters
from services.reading.stock.domain.facts import ERROR_PERMILLE_MAX, Movement, Tested
from services.reading.stock.domain.life import SCRAP
from services.reading.stock.store import records
from services.reading.stock.store.records import Stored
from services.reading.stock.use_cases import living
from shared import exact
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import CHANGED_MEANWHILE, OTHER_ORG_UNIT, REPEATED, Outcome, refused

UNKNOWN_METER = "reading.unknown_meter"
UNKNOWN_RECORD = "reading.unknown_stock_record"
ANNULLED = "reading.stock_record_annulled"
WAITS = "reading.meter_movement_waits"
SUPERSEDED = "superseded"
MOVEMENT, LAB_TEST = "meter_movement", "meter_lab_test"
R = TypeVar("R", Movement, Tested)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who records, on what day at the latest."""

    actor: str
    may_see: Callable[[str], bool]
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Annulment:
    """That a record never was; `reason`: a code such as `mistyped`."""

    number: str
    reason: str


async def move(tx: Tx, given: Sequence[Movement], *, by: By) -> list[Outcome]:
    """Record movements of meters, one outcome each; at most 1,000.

    `waiting`: it is kept, and counts once what must have happened before it is known, as the installation that ends there.
    """

    def fault(each: Movement, meter: Meter) -> Outcome | None:
        if not by.may_see(meter.org_unit) or not by.may_see(each.warehouse or meter.org_unit):
            return refused(OTHER_ORG_UNIT)
        if each.kind == SCRAP and each.reason is None:
            return refused("reading.reason_missing", "a meter is scrapped for a reason")
        return _day_fault(each.moved_on, by)

    known = await meters.stored(tx, [each.meter_no for each in given])
    there = await records.movements(tx, [each.movement_no for each in given])
    outcomes = _judge(given, [each.movement_no for each in given], known, there, fault)
    new = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    made = await records.insert_movements(tx, sorted(new, key=lambda each: each.movement_no), actor=by.actor)
    tx.audit([_audit(MOVEMENT, each.kind, each.movement_no, by.actor, each.reason or "") for each in new])
    lives = await living.derive(tx, [each.meter_no for each in new])
    return [
        _met(outcome, made, fits=outcome.status != "done" or each.movement_no in lives[each.meter_no].fitting)
        for each, outcome in zip(given, outcomes, strict=True)
    ]


async def test(tx: Tx, given: Sequence[Tested], *, by: By) -> list[Outcome]:
    """Record results of tests of meters, one outcome each; at most 1,000.

    Of a meter that stands at a point it is history; where it was failed that is told of the point, as something seen there.
    """

    def fault(each: Tested, meter: Meter) -> Outcome | None:
        if not by.may_see(meter.org_unit):
            return refused(OTHER_ORG_UNIT)
        if each.next_due_on is not None and each.next_due_on <= each.tested_on:
            return refused("reading.bad_period", "the next verification is due after this one")
        if any(abs(exact.parse(error.error_permille).fraction()) > ERROR_PERMILLE_MAX for error in each.errors):
            return refused("reading.error_wrong", "a meter errs by 1,000 permille at most")
        return _day_fault(each.tested_on, by)

    known = await meters.stored(tx, [each.meter_no for each in given])
    there = await records.tests(tx, [each.lab_no for each in given])
    outcomes = _judge(given, [each.lab_no for each in given], known, there, fault)
    new = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    made = await _write_tests(tx, new, by.actor, of_dispute=False)
    return [_met(outcome, made, fits=True) for outcome in outcomes]


async def test_of_dispute(tx: Tx, tested: Tested, *, supersedes: str | None, actor: str) -> None:
    """Record what the test of a disputed meter showed, in place of what was decided on before."""
    await meters.hold(tx, [tested.meter_no])
    before = await records.tests(tx, [supersedes] if supersedes else [])
    await records.annul_tests(tx, dict.fromkeys(before, SUPERSEDED))
    await _write_tests(tx, [tested], actor, of_dispute=True)


async def _write_tests(tx: Tx, new: Sequence[Tested], actor: str, *, of_dispute: bool) -> set[str]:
    ordered = sorted(new, key=lambda each: each.lab_no)
    made = await records.insert_tests(tx, ordered, actor=actor, of_dispute=of_dispute)
    tx.audit([_audit(LAB_TEST, each.result, each.lab_no, actor) for each in new])
    await living.derive(tx, [each.meter_no for each in new])
    return made


async def annul_movements(tx: Tx, given: Sequence[Annulment], *, by: By) -> list[Outcome]:
    """Annul movements that never were; one annulled already is `already_done`. Lives follow, and what was told is withdrawn."""
    there = await records.movements(tx, [each.number for each in given])
    return await _annul(tx, given, there, records.annul_movements, by, MOVEMENT)


async def annul_tests(tx: Tx, given: Sequence[Annulment], *, by: By) -> list[Outcome]:
    """Annul results of tests that never were; one annulled already is `already_done`."""
    there = await records.tests(tx, [each.number for each in given])
    return await _annul(tx, given, there, records.annul_tests, by, LAB_TEST)


async def _annul(
    tx: Tx,
    given: Sequence[Annulment],
    there: Mapping[str, Stored[R]],
    write: Callable[[Tx, Mapping[str, str]], Awaitable[None]],
    by: By,
    kind: str,
) -> list[Outcome]:
    known = await meters.stored(tx, [each.record.meter_no for each in there.values()])
    times = Counter(each.number for each in given)

    def judged(number: str) -> Outcome:
        stored = there.get(number)
        if times[number] > 1:
            return refused(REPEATED, id=number)
        if stored is None:
            return refused(UNKNOWN_RECORD, "there is nothing of that number", number)
        if not by.may_see(known[stored.record.meter_no][0].org_unit):
            return refused(OTHER_ORG_UNIT, id=number)
        return Outcome("already_done" if stored.annulled else "done", id=number)

    outcomes = [judged(each.number) for each in given]
    reasons = {each.number: each.reason for each, out in zip(given, outcomes, strict=True) if out.status == "done"}
    await write(tx, reasons)
    numbers = [there[number].record.meter_no for number in reasons]
    tx.audit([_audit(kind, "annulled", number, by.actor, reason) for number, reason in reasons.items()])
    await living.derive(tx, numbers)
    return outcomes


def _judge(
    given: Sequence[R],
    numbers: Sequence[str],
    known: Mapping[str, tuple[Meter, int]],
    there: Mapping[str, Stored[R]],
    fault: Callable[[R, Meter], Outcome | None],
) -> list[Outcome]:
    times = Counter(numbers)

    def judged(each: R, number: str) -> Outcome:
        if times[number] > 1:
            return refused(REPEATED, id=number)
        if each.meter_no not in known:
            return refused(UNKNOWN_METER, "there is no such meter", number)
        wrong = fault(each, known[each.meter_no][0])
        if wrong is not None:
            return replace(wrong, id=number)
        old = there.get(number)
        if old is None:
            return Outcome("done", id=number)
        if old.annulled:
            return refused(ANNULLED, "what was told by that number was annulled: tell it by another", number)
        return Outcome("already_done" if old.record == each else "conflicting_duplicate", id=number)

    return [judged(each, number) for each, number in zip(given, numbers, strict=True)]


def _day_fault(day: date, by: By) -> Outcome | None:
    return refused("reading.in_the_future", "the day lies in the future") if day > by.last else None


def _met(outcome: Outcome, made: set[str], *, fits: bool) -> Outcome:
    if outcome.status != "done":
        return outcome
    if outcome.id not in made:
        return refused(CHANGED_MEANWHILE, id=outcome.id)
    if fits:
        return outcome
    return Outcome("waiting", WAITS, "the meter was in no state by then from which this step leads", outcome.id)


def _audit(kind: str, what: str, number: str, actor: str, reason: str = "") -> AuditEntry:
    return AuditEntry(action=f"{kind}.{what}", entity_kind=kind, entity_id=number, actor=actor, reason=reason)
