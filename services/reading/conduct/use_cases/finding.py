"""Rules look at a route on a read date: what they find by what is known now is stored, what they find no more is withdrawn."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.reading.adherence.domain.counts import Duty
from services.reading.adherence.store import outcomes
from services.reading.conduct import store
from services.reading.conduct.domain import findings
from services.reading.conduct.domain.findings import LIFE, OPEN, Finding
from services.reading.conduct.domain.rules import registry
from services.reading.conduct.domain.visits import Found, History, Visit
from services.reading.field import store as field
from services.reading.network.domain.installations import Installation
from services.reading.network.store import installations, routes
from services.reading.policies.domain import Policies
from services.reading.reads.domain import reach
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.domain.reach import ON_TIME
from services.reading.reads.store import reads, uploads, visits
from services.reading.reads.store.reads import Stored
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.tasks.store import route_cycles
from shared.db.engine import Tx, View

IMPORT: Final = "import"
FIELD: Final = "field"


async def due(view: View, business_date: date, policies: Policies) -> list[tuple[str, date]]:
    """Return (route, read date) of what is looked at on a business date.

    No read can be of these dates any more but one that is told late, and not for longer than `recheck_days`.
    """
    rules = policies.on_or_first(business_date)
    last = business_date - timedelta(days=rules.adherence.reach_days + 1)
    first = max(last - timedelta(days=rules.conduct.recheck_days - 1), next(iter(policies)).period.from_)
    return await route_cycles.between(view, first, last)


async def find(tx: Tx, *, route_no: str, read_date: date, business_date: date, days: ReadDays) -> dict[str, int]:
    """Bring the findings of a route on a read date in line with what is known; a constant number of statements.

    Done again it changes nothing, unless facts have come: a read, a correction, another time.
    """
    rules = days.policies.on(read_date)
    org_unit = (await routes.org_units(tx, [route_no]))[route_no]
    dates = _last(await route_cycles.days(tx, [route_no]), route_no, read_date, days, rules.conduct.cycles)
    history = History(
        route_no=route_no,
        read_date=read_date,
        window_days=rules.window_days,
        tolerance_days=rules.adherence.tolerance_days,
        by_point=await _visits(tx, route_no, dates, days),
    )
    there = await store.of_route(tx, route_no, read_date)
    now = [
        _finding(each, route_no, read_date, org_unit, business_date) for each in registry.find(history, rules.conduct)
    ]
    changed = findings.changed(there, now)
    await store.put(tx, changed)
    return {
        "found": sum(each.state == OPEN for each in changed),
        "withdrawn": sum(each.state != OPEN for each in changed),
    }


async def readers(
    view: View, keys: Sequence[tuple[str, date]], days: ReadDays
) -> Mapping[tuple[str, date], Collection[str]]:
    """Return who has read routes for read dates, by both; two statements where there are any."""
    if not keys:
        return {}
    found: dict[tuple[str, date], set[str]] = {}
    for row in await _tasks(view, sorted(set(keys)), days):
        if row.reader:
            found.setdefault((row.route_no, row.read_date), set()).add(row.reader)
    return found


async def _tasks(view: View, keys: Sequence[tuple[str, date]], days: ReadDays) -> Sequence[Any]:
    """Return the tasks of routes for read dates, by both, each with the read that is nearest to its day; two statements."""
    reaches = [reach.of(day, days) for day in sorted({day for _, day in keys})]
    duties = [
        Duty(route_no=route_no, read_date=day, cycle=cycle_of(day), org_unit="", reader=None) for route_no, day in keys
    ]
    without = await visits.annulled(view, reaches[0].since, reaches[-1].until)
    return await outcomes.every(view, duties, reaches, without)


def _last(
    planned: Mapping[str, Mapping[date, bool]], route_no: str, read_date: date, days: ReadDays, cycles: int
) -> list[date]:
    """Return the read dates of the last cycles, that of `read_date` the last one; points may have their own in one."""
    first = next(iter(days.policies)).period.from_
    dates = [day for day in planned.get(route_no, {}) if first <= day <= read_date]
    wanted = set(sorted({cycle_of(day) for day in dates})[-cycles:])
    return [day for day in dates if cycle_of(day) in wanted]


def _finding(found: Found, route_no: str, read_date: date, org_unit: str, business_date: date) -> Finding:
    return Finding(
        found=found,
        route_no=route_no,
        read_date=read_date,
        cycle=cycle_of(read_date),
        org_unit=org_unit,
        state=LIFE.start(OPEN),
        version=1,
        found_on=business_date,
    )


async def _visits(view: View, route_no: str, dates: Sequence[date], days: ReadDays) -> Mapping[str, Sequence[Visit]]:
    """Return the visits of a route on read dates, by point."""
    if not dates:
        return {}
    rows = [row for row in await _tasks(view, [(route_no, day) for day in dates], days) if row.read_at]
    keys = {id(row): ReadKey(row.meter_no, row.read_at, row.source) for row in rows}
    stored = await reads.stored(view, list(keys.values()))
    meters = await installations.by_point(view, sorted({row.point for row in rows}))
    brought = await _brought(view, stored)
    found: dict[str, list[Visit]] = {}
    for row in rows:
        key = keys[id(row)]
        visit = Visit(
            point=row.point,
            read_date=row.read_date,
            meter_no=row.meter_no,
            read_at=row.read_at,
            day=days.of(row.read_at),
            reader=row.reader,
            is_off=row.outcome != ON_TIME,
            brought_at=brought[key],
            shown=_shown(stored[key], meters.get(row.point, ()), row),
        )
        found.setdefault(row.point, []).append(visit)
    return found


async def _brought(view: View, stored: Mapping[ReadKey, Stored]) -> dict[ReadKey, datetime]:
    """Return when reads came in; those that were released in a batch of the field, when they were entered."""
    upload_of = {key: min(each.uploads.values()) for key, each in stored.items()}
    received = await uploads.received(view, sorted(set(upload_of.values())))
    batches = sorted({each.message_id for each in received.values() if each.kind == FIELD})
    entered = await field.entered(view, batches)
    return {
        key: entered.get((key.meter_no, key.read_at), received[upload].received_at) for key, upload in upload_of.items()
    }


def _shown(read: Stored, meters: Sequence[Installation], row: Any) -> int | None:
    """Return what the import register showed, in millionths of a kWh."""
    meter = next((each for each in meters if each.meter_no == row.meter_no and each.from_ < row.read_date), None)
    register = next((each for each in meter.registers if each.quantity == IMPORT), None) if meter else None
    count = read.counts.get(IMPORT)
    return None if register is None or count is None else count * 10 ** (6 - register.scale)
