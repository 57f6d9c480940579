"""Wrong reads are a function of the corrections that stand beside reads: nothing of them is stored."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.reading.network.domain import calendar
from services.reading.network.domain.registers import Shown, ordered
from services.reading.network.store import installations
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import corrections, reads
from services.reading.reads.store.corrections import Edit
from services.reading.reads.store.meter_days import MeterDay, meter_days
from services.reading.wrong_reads import domain
from services.reading.wrong_reads.domain import WrongRead
from shared import civil
from shared.db.engine import View

Scope = Collection[str] | None
"""Numbers of routes; None: of all."""


async def between(view: View, first: date, end: date, days: ReadDays, *, route_nos: Scope = None) -> list[WrongRead]:
    """Return what was corrected from a day on and before another, by when that was; five statements.

    What stands at no point is none yet.
    """
    since, until = calendar.day_bounds(first, days.zone)[0], calendar.day_bounds(end, days.zone)[0]
    meter_nos = None if route_nos is None else await installations.meters_of_routes(view, sorted(route_nos))
    made = await corrections.made_between(view, since, until, meter_nos=meter_nos)
    if not made:
        return []
    key_of = {read_id: identity.natural_key(read_id) for read_id in {each.read_id for each in made}}
    day_of = {read_id: (key.meter_no, days.of(key.read_at)) for read_id, key in key_of.items()}
    meters = await meter_days(view, sorted(set(day_of.values())))

    def wanted(read_id: str) -> bool:
        meter = meters.get(day_of[read_id])
        return meter is not None and bool(meter.service_point_no) and (route_nos is None or meter.route_no in route_nos)

    mine = {read_id: key for read_id, key in key_of.items() if wanted(read_id)}
    before = await _before(view, mine, {read_id: meters[day_of[read_id]] for read_id in mine})
    found = [
        _wrong(each, mine[each.read_id], before[each.read_id, each.number], meters[day_of[each.read_id]], days)
        for each in made
        if each.read_id in mine
    ]
    return [each for each in found if each is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """What was in force before a correction: the registers, whose figures they were, and since when where not from the first."""

    counts: Shown
    reader: str | None
    since: datetime | None


async def _before(
    view: View, key_of: Mapping[str, ReadKey], meter_of: Mapping[str, MeterDay]
) -> dict[tuple[str, int], _Figures]:
    """Return by read and number of a correction the figures that were in force before it."""
    stored = await reads.stored(view, list(key_of.values()))
    edits: dict[str, list[Edit]] = {}
    for edit in await corrections.of_reads(view, list(key_of)):
        edits.setdefault(edit.read_id, []).append(edit)
    found: dict[tuple[str, int], _Figures] = {}
    for read_id, its in edits.items():
        read = stored[key_of[read_id]]
        received = ordered(meter_of[read_id].registers, read.counts)
        figures = _Figures(counts=received, reader=read.reader, since=None)
        for edit in its:
            found[read_id, edit.number] = figures
            figures = _Figures(counts=edit.counts, reader=edit.reader, since=edit.created_at)
    return found


def _wrong(edit: Edit, key: ReadKey, before: _Figures, meter: MeterDay, days: ReadDays) -> WrongRead | None:
    """Return what a correction has put right; None where it says the same registers, and how often they had turned."""
    if not edit.annulled and edit.counts == before.counts:
        return None
    fixed_on = calendar.local_day(edit.created_at, days.zone)
    comparable = not edit.annulled and len(before.counts) == len(edit.counts) == len(meter.registers)
    return WrongRead(
        read_id=edit.read_id,
        number=edit.number,
        kind=edit.kind,
        service_point_no=meter.service_point_no,
        org_unit=meter.org_unit,
        route_no=meter.route_no,
        day=meter.day,
        reader=before.reader,
        fault=domain.fault(before.reader, edit.reason, days.policies.on_or_first(fixed_on).scorecards.meter_reasons),
        off_wh=domain.off_wh(meter.registers, before.counts, edit.counts) if comparable else None,
        reason=edit.reason,
        since=calendar.local_day(before.since or key.read_at, days.zone),
        found_on=edit.found_on,
        fixed_on=fixed_on,
        fixed_by=edit.actor,
    )


async def of_month(
    view: View, month: str, days: ReadDays, *, may_see: Callable[[str], bool], route_nos: Scope = None
) -> list[WrongRead]:
    """Return what was corrected in a month of the calendar, at points that a caller may see; five statements."""
    first, end = civil.month(month)
    found = await between(view, first, end, days, route_nos=route_nos)
    return [each for each in found if may_see(each.org_unit)]
