"""What readers saw comes in from their phones and handhelds: in any order, hours later, twice. No read yet."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

import orjson

from services.reading.context import Context
from services.reading.field import store
from services.reading.field.domain.entries import BATCH_MAX, ENTERED, LIFE, TAKEN_BACK, BatchKey, Entry, FieldBatch
from services.reading.intake.use_cases.intake import Times
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.read_days import Plan
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import UNIT
from services.reading.network.store import installations, points, read_days, routes
from services.reading.observations import use_cases as observing
from services.reading.observations.domain import Observed
from services.reading.observations.use_cases import Seen
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store.meter_days import meter_days
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.tasks.use_cases.unread import UNKNOWN_REASON
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, CHANGED_MEANWHILE, OTHER_ORG_UNIT, REPEATED, Outcome, refused


@dataclass(frozen=True, kw_only=True)
class Given:
    """One thing that a reader saw, as the device sends it; `entry_no` is the device's own number."""

    entry_no: str
    service_point_no: str | None
    meter_no: str | None
    seen_at: str
    unit: str | None
    registers: Mapping[str, str] = field(default_factory=dict)
    unread_reason: str | None
    notes: Sequence[str] = ()
    observations: Sequence[Observed] = ()


@dataclass(kw_only=True)
class _Seen:
    """One entry on its way: where it was, as far as that is known, or why it is none."""

    given: Given
    at: datetime | None = None
    day: date | None = None
    point: str = ""
    meter: str = ""
    key: BatchKey | None = None
    org_unit: str = ""
    outcome: Outcome | None = None

    def observed(self, reader: str) -> list[Seen]:
        """Return what the reader observed there and then."""
        if self.at is None:
            return []
        return [
            Seen(observed=each, observed_by=reader, service_point_no=self.point, seen_at=self.at)
            for each in self.given.observations
        ]

    @property
    def content(self) -> str:
        assert self.at is not None
        given = self.given
        said: dict[str, Any] = {
            "service_point_no": given.service_point_no,
            "meter_no": given.meter_no,
            "seen_at": self.at,
            "registers": dict(given.registers),
            "unread_reason": given.unread_reason,
            "notes": list(given.notes),
        }
        if given.observations:  # what was entered before there were any is the same when it comes again
            said["observations"] = [asdict(each) for each in given.observations]
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()


async def enter(
    tx: Tx,
    items: Sequence[Given | Outcome],
    *,
    reader: str,
    may_see: Callable[[str], bool],
    own: Context,
) -> list[Outcome]:
    """Keep what a reader saw, one outcome per item; what is no item at all comes with its outcome.

    What he observed beside registers is kept and told at once, as his observations: it waits for no release. An entry with an
    observation that is refused is refused.

    `already_done`: the number is there with the same content, whatever became of it; `conflicting_duplicate`: with other content,
    which is not kept. An entry belongs to the planned date of its route that is nearest to the day on which it was seen.
    """
    seen = [_Seen(given=item) for item in items if isinstance(item, Given)]
    _times(seen, Times(ReadDays(own.policies, own.zone), tx.now))
    await _places(tx, seen, may_see)
    new = _settle(_open(seen), await store.by_no(tx, reader, [each.given.entry_no for each in _open(seen)]))
    await _observations(tx, new, reader, may_see, own)
    new = _open(new)
    batches = await _batches(tx, reader, new)
    for each in new:
        if each.key not in batches:
            each.outcome = refused(CHANGED_MEANWHILE, id=each.given.entry_no)
    await _observe(tx, _open(new), reader, may_see, own)
    made = [_entry(each, reader, batches[each.key]) for each in _open(new) if each.key]
    written = await store.insert(tx, made)
    if len(written) < len(made):  # the device sends it twice at one moment
        left = [each for each in _open(new) if each.given.entry_no not in written]
        _settle(left, await store.by_no(tx, reader, [each.given.entry_no for each in left]))
    take = iter([each.outcome or Outcome("done", id=each.given.entry_no) for each in seen])
    return [item if isinstance(item, Outcome) else next(take) for item in items]


def _open(seen: Sequence[_Seen]) -> list[_Seen]:
    return [each for each in seen if each.outcome is None]


def _times(seen: Sequence[_Seen], times: Times) -> None:
    for each in seen:
        try:
            if each.given.registers and each.given.unit != UNIT:
                raise Refused("reading.wrong_unit", "register values are in kWh")
            each.at, each.day = times.of(each.given.seen_at)
            known, reason = times.days.policies.on(each.day).unread.reasons, each.given.unread_reason
            if reason is not None and reason not in known:
                raise Refused(UNKNOWN_REASON, f"there are {', '.join(sorted(known))}")
        except Refused as fault:
            each.outcome = refused(fault.code, fault.text, each.given.entry_no)


async def _places(tx: Tx, seen: Sequence[_Seen], may_see: Callable[[str], bool]) -> None:
    """Find out at which point of which route each entry was seen, and for which planned date of it. Six statements."""
    there = [(each, each.day) for each in _open(seen) if each.day is not None]
    by_meter = [(each.given.meter_no, day) for each, day in there if each.given.meter_no]
    meters = await meter_days(tx, list(dict.fromkeys(by_meter))) if by_meter else {}
    named = {each.given.service_point_no for each, _ in there if each.given.service_point_no}
    standing = await installations.by_point(tx, sorted(named))
    known = await points.by_no(tx, sorted(named | {meter.service_point_no for meter in meters.values()}))
    on_routes = sorted({point.route_no for point in known.values()})
    plans, units = await read_days.of_routes(tx, on_routes), await routes.org_units(tx, on_routes)
    for each, day in there:
        given = each.given
        try:
            meter = meters.get((given.meter_no, day)) if given.meter_no else None
            if given.meter_no and meter is None:
                raise Refused("reading.unknown_meter", "there is no such meter")
            if meter is not None and not may_see(meter.org_unit):
                raise Refused(OTHER_ORG_UNIT, "the meter is outside what this reader may enter")
            stands = meter.service_point_no if meter else ""
            number = given.service_point_no or stands
            if not number:
                raise Refused(
                    "reading.point_not_named", "the meter stands nowhere on that day: its point is to be named"
                )
            point = known.get(number)
            if point is None:
                raise Refused("reading.unknown_point", "there is no such service point")
            if not may_see(point.org_unit):
                raise Refused(OTHER_ORG_UNIT, "the point is outside what this reader may enter")
            if stands and stands != number:
                raise Refused("reading.other_point", "the meter stands at another point on that day")
            each.point, each.meter = number, given.meter_no or _only_meter(standing.get(number, ()), day, given)
            read_date = nearest(plans[point.route_no].of(number), day)
            each.key = BatchKey(route_no=point.route_no, read_date=read_date)
            each.org_unit = units[point.route_no]
        except Refused as fault:
            each.outcome = refused(fault.code, fault.text, given.entry_no)


def _only_meter(standing: Sequence[Installation], day: date, given: Given) -> str:
    there = {each.meter_no for each in standing if each.stands_on(day)}
    if len(there) == 1:
        return there.pop()
    if given.registers:
        raise Refused("reading.meter_not_named", "not one meter stands at the point on that day: it is to be named")
    return ""


def nearest(plan: Plan, day: date) -> date:
    """Return the read date of a route that is nearest to a day, of two the earlier one."""
    after, before = route_cycles.next_planned(plan, day), route_cycles.planned_before(plan, day)
    return before if day - before <= after - day else after


def _settle(seen: Sequence[_Seen], there: Mapping[str, Entry]) -> list[_Seen]:
    """Settle what is known already, or repeated among them, and return the others."""
    known = {number: entry.content for number, entry in there.items()}
    new = []
    for each in seen:
        number = each.given.entry_no
        if number in known:
            same = known[number] == each.content
            each.outcome = Outcome("already_done" if same else "conflicting_duplicate", id=number)
        else:
            known[number] = each.content
            new.append(each)
    return new


async def _batches(tx: Tx, reader: str, new: Sequence[_Seen]) -> dict[BatchKey, FieldBatch]:
    """Return, locked, the batches that the entries come into: the last one, or the next where that is released or full."""
    wanted = Counter(each.key for each in new if each.key)
    if not wanted:
        return {}
    units = {each.key: each.org_unit for each in new}
    last = await store.last_batches(tx, reader, list(wanted))
    size = await store.sizes(tx, [each.batch_id for each in last.values()])
    fit = {
        key: batch
        for key, batch in last.items()
        if batch.released_by is None and size.get(batch.batch_id, 0) + wanted[key] <= BATCH_MAX
    }
    begun = [
        FieldBatch(
            reader=reader,
            route_no=key.route_no,
            read_date=key.read_date,
            number=last[key].number + 1 if key in last else 1,
            cycle=cycle_of(key.read_date),
            org_unit=units[key],
        )
        for key in sorted(wanted.keys() - fit.keys(), key=lambda key: (key.route_no, key.read_date))
    ]
    made = await store.insert_batches(tx, begun)
    fit |= {batch.key: batch for batch in begun if batch.batch_id in made}
    if len(made) < len(begun):  # the same reader's other device has just made it
        others = await store.last_batches(tx, reader, [batch.key for batch in begun if batch.batch_id not in made])
        fit |= {key: batch for key, batch in others.items() if batch.released_by is None}
    return fit


def _entry(seen: _Seen, reader: str, batch: FieldBatch) -> Entry:
    assert seen.at is not None
    return Entry(
        reader=reader,
        entry_no=seen.given.entry_no,
        batch_id=batch.batch_id,
        service_point_no=seen.point,
        meter_no=seen.meter,
        seen_at=seen.at,
        content=seen.content,
        registers=seen.given.registers,
        unread_reason=seen.given.unread_reason,
        notes=seen.given.notes,
        observations=seen.given.observations,
        state=LIFE.start(ENTERED),
    )


async def _observations(
    tx: Tx, new: Sequence[_Seen], reader: str, may_see: Callable[[str], bool], own: Context
) -> None:
    """Refuse entries with an observation that cannot be kept, before anything is."""
    groups = [each.observed(reader) for each in new]
    for each, wrong in zip(new, await observing.against(tx, groups, may_see=may_see, own=own), strict=True):
        each.outcome = wrong and replace(wrong, id=each.given.entry_no)


async def _observe(tx: Tx, new: Sequence[_Seen], reader: str, may_see: Callable[[str], bool], own: Context) -> None:
    """Keep and tell what was observed; the batches are locked, and then the points: as by a release."""
    pairs = [(each, seen) for each in new for seen in each.observed(reader)]
    if not pairs:
        return
    outcomes = await observing.record(tx, [seen for _, seen in pairs], may_see=may_see, own=own)
    for (each, _), outcome in zip(pairs, outcomes, strict=True):
        if outcome.status not in ("done", "already_done"):  # its point was changed, or its number used, meanwhile
            each.outcome = refused(CHANGED_MEANWHILE, id=each.given.entry_no)


async def take_back(tx: Tx, reasons: Mapping[str, str], numbers: Sequence[str], *, reader: str) -> list[Outcome]:
    """Take back entries of one's own that are not released yet, by their numbers with the reasons; one outcome per number."""
    given = Counter(numbers)
    known = await store.by_no(tx, reader, list(given))
    await store.lock_batches(tx, sorted({entry.batch_id for entry in known.values()}))
    known = await store.by_no(tx, reader, list(given))  # who released one meanwhile has held its batch
    outcomes = [_take_back(number, known.get(number), given[number]) for number in numbers]
    done = {outcome.id: outcome for outcome in outcomes if outcome.status == "done" and outcome.id}
    await store.decide(tx, reader, LIFE.target("take_back"), done, decided_by=None, reasons=reasons)
    tx.audit(
        [
            AuditEntry(
                action="field_entry.taken_back",
                entity_kind="field_entry",
                entity_id=number,
                actor=reader,
                reason=reasons[number],
            )
            for number in done
        ]
    )
    return [replace(outcome, id=number) for number, outcome in zip(numbers, outcomes, strict=True)]


def _take_back(number: str, entry: Entry | None, times: int) -> Outcome:
    if times > 1:
        return refused(REPEATED, id=number)
    if entry is None:
        return refused("reading.unknown_entry", "this reader has no such entry", number)
    if entry.state == TAKEN_BACK:
        return ALREADY_DONE
    if not LIFE.may(entry.state, "take_back"):
        return refused("reading.entry_decided", "the entry was released or refused by another person", number)
    return Outcome("done", id=number)
