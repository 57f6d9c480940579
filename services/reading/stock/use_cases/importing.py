"""Ranges of meters come in: their meters are made, each begins its life; or never came. Idempotent, one outcome per range."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from services.reading.network.domain.reference import Meter
from services.reading.network.domain.refusal import Refused
from services.reading.network.store import devices, installations, meters
from services.reading.stock.domain.ranges import METERS_MAX, Range
from services.reading.stock.store import ranges, records, seals, spells
from services.reading.stock.store.ranges import Came
from services.reading.stock.use_cases import living
from services.reading.stock.use_cases.recording import ANNULLED, UNKNOWN_RECORD, Annulment, By
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import CHANGED_MEANWHILE, OTHER_ORG_UNIT, REPEATED, Outcome, refused

OVERLAPS = "reading.range_overlaps"
IN_USE = "reading.range_in_use"


class _MetError(Exception):
    """Somebody else made one of the meters at the same time."""


async def receive(
    tx: Tx,
    given: Sequence[Range],
    *,
    actor: str,
    may_see: Callable[[str], bool],
    last: date,
    dry_run: bool,
) -> list[Outcome]:
    """Receive ranges; `dry_run`: return what would become of them. At most `METERS_MAX` meters in all ranges together.

    `already_done`: the range is there as it is given. Refused where one of its meters is there already, and says which, and of
    which range (`reading.range_overlaps`).
    """
    outcomes, numbers = await _judged(tx, given, may_see, last)
    new = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    if dry_run or not new:
        return outcomes
    try:
        async with tx.savepoint():
            await _write(tx, new, numbers, actor)
    except _MetError:
        return [refused(CHANGED_MEANWHILE, id=each.id) if each.status == "done" else each for each in outcomes]
    return outcomes


async def _judged(
    tx: Tx, given: Sequence[Range], may_see: Callable[[str], bool], last: date
) -> tuple[list[Outcome], dict[str, list[str]]]:
    """Return an outcome for each range, and the numbers of the meters of each."""
    there = await ranges.stored(tx, [each.range_no for each in given])
    times = Counter(each.range_no for each in given)
    numbers: dict[str, list[str]] = {}
    faults: dict[int, Outcome] = {}
    room = METERS_MAX
    for index, each in enumerate(given):
        try:
            own = _checked(each, times, may_see, last)
            if each.range_no not in there:
                room -= len(own)
            if room < 0:
                raise Refused("reading.range_too_long", f"the ranges of a request have at most {METERS_MAX} meters")
            numbers[each.range_no] = own
        except Refused as fault:
            faults[index] = refused(fault.code, fault.text, each.range_no)
    every = sorted({number for own in numbers.values() for number in own})
    known = dict.fromkeys(await meters.by_no(tx, every), "") | await ranges.ranges_of(tx, every)
    taken: dict[str, str] = dict(known)
    outcomes = []
    for index, each in enumerate(given):
        outcome = faults.get(index) or _one(each, numbers[each.range_no], there, taken)
        if outcome.status == "done":
            taken |= dict.fromkeys(numbers[each.range_no], each.range_no)
        outcomes.append(outcome)
    return outcomes, numbers


def _checked(each: Range, times: Mapping[str, int], may_see: Callable[[str], bool], last: date) -> list[str]:
    if times[each.range_no] > 1:
        raise Refused(REPEATED)
    if not may_see(each.org_unit):
        raise Refused(OTHER_ORG_UNIT)
    if each.received_on > last:
        raise Refused("reading.in_the_future", "the day lies in the future")
    _meter(each, each.from_no).registers()
    return each.numbers()


def _one(each: Range, own: Sequence[str], there: Mapping[str, Came], taken: Mapping[str, str]) -> Outcome:
    old = there.get(each.range_no)
    if old is not None and old.annulled:
        return refused(ANNULLED, "the range of that number was annulled: send it by another", each.range_no)
    if old is not None:
        return Outcome("already_done" if old.range_ == each else "conflicting_duplicate", id=each.range_no)
    met = [number for number in own if number in taken]
    if not met:
        return Outcome("done", id=each.range_no)
    first, of = met[0], taken[met[0]]
    text = f"{len(met)} of its meters are there already, the first is {first}" + (f" of range {of}" if of else "")
    return refused(OVERLAPS, text, each.range_no)


async def _write(tx: Tx, new: Sequence[Range], numbers: Mapping[str, list[str]], actor: str) -> None:
    own = {each.range_no: numbers[each.range_no] for each in new}
    made = [_meter(each, number) for each in new for number in own[each.range_no]]
    if await ranges.claim(tx, [(each, len(own[each.range_no])) for each in new], actor=actor) != len(new):
        raise _MetError
    if await meters.claim(tx, sorted(made, key=lambda meter: meter.meter_no)) != len(made):
        raise _MetError
    await ranges.receive(tx, own)
    tx.audit([_audit("received", each.range_no, actor) for each in new])
    await living.derive(tx, [meter.meter_no for meter in made])


async def annul(tx: Tx, given: Sequence[Annulment], *, by: By) -> list[Outcome]:
    """Annul ranges that never came, one outcome each; at most `METERS_MAX` meters in all of them together.

    Their meters are gone with that, and their numbers free. Refused (`reading.range_in_use`) where something else is recorded of
    one of its meters; one annulled already is `already_done`. Twelve statements at most.
    """
    there = await ranges.stored(tx, [each.number for each in given])
    numbers = {number: each.range_.numbers() for number, each in there.items() if not each.annulled}
    every = sorted({meter_no for own in numbers.values() for meter_no in own})
    if len(every) > METERS_MAX:
        text = f"the ranges of a request have at most {METERS_MAX} meters"
        return [refused("reading.range_too_long", text, each.number) for each in given]
    await meters.hold(tx, every)
    used = await _used(tx, every)
    times = Counter(each.number for each in given)

    def judged(number: str) -> Outcome:
        came = there.get(number)
        if times[number] > 1:
            return refused(REPEATED, id=number)
        if came is None:
            return refused(UNKNOWN_RECORD, "there is no range of that number", number)
        if not by.may_see(came.range_.org_unit):
            return refused(OTHER_ORG_UNIT, id=number)
        if came.annulled:
            return Outcome("already_done", id=number)
        met = [meter_no for meter_no in numbers[number] if meter_no in used]
        if met:
            text = f"more than that they came is recorded of {len(met)} of its meters, the first is {met[0]}"
            return refused(IN_USE, text, number)
        return Outcome("done", id=number)

    outcomes = [judged(each.number) for each in given]
    reasons = {each.number: each.reason for each, out in zip(given, outcomes, strict=True) if out.status == "done"}
    gone = [meter_no for number in reasons for meter_no in numbers[number]]
    await ranges.annul(tx, reasons)
    await ranges.delete_receipts(tx, gone)
    await spells.delete(tx, gone)
    await meters.delete(tx, gone)
    tx.audit([_audit("annulled", number, by.actor, reason) for number, reason in reasons.items()])
    return outcomes


async def _used(tx: Tx, meter_nos: Sequence[str]) -> set[str]:
    """Return of which of some meters more is recorded than that they came; what was annulled is no more."""
    stood = (await installations.of_points_and_meters(tx, [], meter_nos)).values()
    moved = (each for own in (await records.movements_of(tx, meter_nos)).values() for each in own)
    return {
        *(each.placement.meter_no for each in stood if not each.annulled),
        *(each.movement.meter_no for each in moved if not each.annulled),
        *await records.tests_of(tx, meter_nos),
        *await seals.sealed(tx, meter_nos),
        *await devices.meters_with(tx, meter_nos),
    }


def _audit(what: str, range_no: str, actor: str, reason: str = "") -> AuditEntry:
    return AuditEntry(
        action=f"meter_range.{what}", entity_kind="meter_range", entity_id=range_no, actor=actor, reason=reason
    )


def _meter(each: Range, meter_no: str) -> Meter:
    return Meter(
        meter_no=meter_no,
        org_unit=each.org_unit,
        faces=each.faces,
        numerator=each.numerator,
        denominator=each.denominator,
        meter_type=each.meter_type,
    )
