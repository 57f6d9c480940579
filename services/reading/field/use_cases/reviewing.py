"""What another person looks at before a batch is released: what is out of range, unread, or was not looked at at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.field import store
from services.reading.field.domain import expectation
from services.reading.field.domain.entries import ENTERED, Entry, FieldBatch, hash_of
from services.reading.field.use_cases import expecting
from services.reading.network.domain import registers
from services.reading.network.domain.installations import RouteDay
from services.reading.network.domain.refusal import Refused
from services.reading.network.store import installations, points, read_days
from services.reading.readers.domain.assignments import READER
from services.reading.readers.store import duty
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import reads
from services.reading.tasks.domain import route_cycles
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import View

UNTOUCHED_MAX = 1000  # named ones; all are counted


@dataclass(frozen=True, kw_only=True)
class Looked:
    """An entry with what speaks against it: codes of validation, or why it can be no read of its meter."""

    entry: Entry
    findings: list[str]


@dataclass(frozen=True, kw_only=True)
class Review:
    """A batch as it is decided on. `untouched`: points of the route with neither an entry nor a read of the read date.

    `planned_reader`: who was to read the route on that date, as assigned by now.
    """

    batch: FieldBatch
    content_hash: str
    entries: list[Looked]
    untouched: list[str]
    planned_reader: str | None


async def look(view: View, batch: FieldBatch, *, may_see: Callable[[str], bool], days: ReadDays) -> Review:
    """Return a batch with its entries: first those out of range, then those unread, then the others. Constant statements."""
    entries = await store.of_batch(view, batch.batch_id)
    loader = Loader(days=days)
    found = await _findings(view, [each for each in entries if each.state == ENTERED and each.registers], loader)
    looked = [Looked(entry=each, findings=found.get(each.entry_no, [])) for each in entries]
    looked.sort(key=lambda each: (not each.findings, each.entry.unread_reason is None))
    on_duty = batch.route_no, READER, batch.read_date
    return Review(
        batch=batch,
        content_hash=batch.content_hash or hash_of(entries),
        entries=looked,
        untouched=await _untouched(view, batch, may_see, loader),
        planned_reader=(await duty.of(view, [on_duty])).get(on_duty),
    )


async def _findings(view: View, entries: Sequence[Entry], loader: Loader) -> dict[str, list[str]]:
    known = await points.by_no(view, sorted({each.service_point_no for each in entries}))
    on = {each.entry_no: (each.service_point_no, loader.days.of(each.seen_at)) for each in entries}
    bases = await expecting.load(view, known, list(on.values()))
    found = {}
    for each in entries:
        basis = bases[on[each.entry_no]].get(each.meter_no)
        day = on[each.entry_no][1]
        if basis is None:
            found[each.entry_no] = ["reading.waiting_for_installation"]
            continue
        try:
            shown = registers.counts(basis.meter.registers, each.registers)
        except Refused as fault:
            found[each.entry_no] = [fault.code]
            continue
        found[each.entry_no] = [one.code for one in expectation.findings(basis, shown, day, loader.policy_on(day))]
    return found


async def _untouched(view: View, batch: FieldBatch, may_see: Callable[[str], bool], loader: Loader) -> list[str]:
    plan = (await read_days.of_routes(view, [batch.route_no]))[batch.route_no].route
    since = route_cycles.planned_before(plan, batch.read_date)
    wanted = RouteDay(route_no=batch.route_no, since=since, day=batch.read_date)
    entered = await store.points_with_entries(view, batch.route_no, batch.read_date)
    left = [
        point.service_point_no
        for point in await installations.points_to_read(view, [wanted])
        if point.service_point_no not in entered and may_see(point.org_unit)
    ]
    return sorted(set(left) - await _read(view, left, batch.read_date, loader))


async def _read(view: View, point_nos: Sequence[str], day: date, loader: Loader) -> set[str]:
    if not point_nos:
        return set()
    of_day = await loader.corrected(view, await reads.of_day(view, point_nos, day, *loader.days.bounds(day)))
    return {read.point for read in of_day}
