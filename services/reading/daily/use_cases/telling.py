"""What ran at prepaid points is derived from what is known, and told where that is something else than was told last."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Final, cast

from services.reading.daily import domain, store
from services.reading.daily.domain import SoFar
from services.reading.network.domain.installations import Installation
from services.reading.network.store import installations, points
from services.reading.network.store.points import DAILY_TOLD, NOT_DAILY, Locked
from services.reading.reads.domain import identity
from services.reading.reads.store import reads
from services.reading.reads.store.reads import Gap
from services.reading.usage.domain.timeline.line import Timeline
from services.reading.usage.use_cases import curves, deriving, facts
from services.reading.usage.use_cases.knowing import Loaded, Loader
from shared import civil
from shared.db.engine import Database, Tx
from shared.db.restore import least_version
from shared.events.prepaid import DailyRegister
from shared.events.registers import MeterSpan

POINTS_MAX: Final = 500  # of a unit of work: some tenths of a second
ROUNDS: Final = 3  # how many days in a row without usable registers are passed over


async def turn(database: Database, loader: Loader) -> int:
    """Tell what is to be told of some points, and return of how many that was looked at."""
    async with database.view() as view:
        if not await points.any_daily_due(view):
            return 0
    async with database.begin() as tx:
        return await tell(tx, loader=loader)


async def tell(tx: Tx, *, loader: Loader) -> int:
    """Tell the daily registers of points that are to be told, where they differ; return how many points were looked at.

    A constant number of statements; the points stay locked to the end of the unit of work.
    """
    numbers = await points.daily_due(tx, POINTS_MAX)
    if not numbers:
        return 0
    before = await store.by_no(tx, numbers)
    found = await _so_far(tx, numbers, loader, {number: row.period_from for number, row in before.items()})
    told: list[tuple[Locked, SoFar, int, str]] = []
    said: list[DailyRegister] = []
    daily: dict[str, int] = dict.fromkeys(numbers, NOT_DAILY)
    least = least_version(tx.now)  # above what was told before a restore, also of points that are not in the dump
    for number, (each, now) in found.items():
        last = before.get(number)
        if now.prepaid or any(contract.ever_prepaid for contract in each.world.contracts):
            daily[number] = DAILY_TOLD
        fact = _fact(each.point, now, max(1 + (last.version if last else 0), least))
        digest = _digest(fact, now)
        if last is None or last.digest != digest:
            told.append((each.point, now, fact.version, digest))
            said.append(fact)
    await store.put(tx, told)
    await points.note_daily(tx, daily)
    tx.publish(said)
    return len(numbers)


async def _so_far(
    tx: Tx, numbers: Sequence[str], loader: Loader, before: Mapping[str, date]
) -> dict[str, tuple[Loaded, SoFar]]:
    """Return what ran at points by now, by the newest registers that say it.

    `before`: since when was told of points: where neither meter nor contract is left, it is told that nothing ran since.
    """
    meters = await installations.by_point(tx, numbers)
    days = await _newest(tx, {number: meters.get(number, []) for number in numbers}, loader, {})
    touched: dict[str, date | None] = {number: days.get(number) for number in numbers}
    found: dict[str, tuple[Loaded, SoFar]] = {}
    for left in reversed(range(ROUNDS)):
        again: dict[str, date] = {}
        for each, line in await _lines(tx, touched, loader, days):
            number = each.point.service_point_no
            since, day = domain.since_of(each.world, each.standing) or before.get(number), days.get(number)
            if since is None:
                continue
            now = domain.so_far(each.world, line, since, day) if day else domain.nothing(each.world, since, None)
            if now is None and day is not None:
                again[number] = domain.behind(each.world, line, day)
                now = domain.nothing(each.world, since, day)
            assert now is not None
            found[number] = each, now
        if not again or not left:
            break
        days = await _newest(tx, {number: meters.get(number, []) for number in again}, loader, again)
        touched = {number: days[number] for number in days}
        if not touched:
            break
    return found


async def _lines(
    tx: Tx, touched: Mapping[str, date | None], loader: Loader, days: Mapping[str, date]
) -> list[tuple[Loaded, Timeline]]:
    asked = replace(loader, up_to=days)
    lines = await deriving.lines(tx, touched, loader=asked, answering=deriving.NO_ANSWERS)
    await curves.add(tx, lines, loader=loader)
    return lines


async def _newest(
    tx: Tx, meters: Mapping[str, Sequence[Installation]], loader: Loader, before: Mapping[str, date]
) -> dict[str, date]:
    """Return by point the newest day of which registers are known, before a day where one is given: of a read that was not
    annulled, or of an exchange."""
    found = {
        number: max(known)
        for number, mine in meters.items()
        if (known := [day for day in domain.days_of_exchange(mine) if day < before.get(number, civil.END)])
    }
    gaps = [_gap(number, meter, loader, before.get(number)) for number, mine in meters.items() for meter in mine]
    for _ in range(ROUNDS):
        if not gaps:
            break
        nearest = [earlier for earlier, _ in await reads.nearest(tx, gaps)]
        spans = [loader.span_of(gap, at) for gap, at in zip(gaps, nearest, strict=True) if at is not None]
        usable = {(row.point, identity.read_id(*row.key)): row for row in await loader.usable(tx, spans)}
        kept = {(point, row.key.meter_no, row.key.read_at) for (point, _), row in usable.items()}
        again = []
        for gap, at in zip(gaps, nearest, strict=True):
            if at is None:
                continue
            if (gap.point, gap.meter_no, at) not in kept:
                again.append(replace(gap, before=at))
                continue
            day = loader.days.of(at)
            if day < before.get(gap.point, civil.END):
                found[gap.point] = max(found.get(gap.point, day), day)
        gaps = again
    return found


def _gap(number: str, meter: Installation, loader: Loader, before: date | None) -> Gap:
    """Return where the newest read of a meter on its point is looked for."""
    last = min(meter.to or civil.END, before or civil.END)
    end = loader.days.bounds(last)[0 if last == before else 1]
    return Gap(
        point=number,
        meter_no=meter.meter_no,
        installed_on=meter.from_,
        low=loader.days.bounds(meter.from_)[0],
        before=end,
        after=end,
        high=end,
    )


def _fact(point: Locked, now: SoFar, version: int) -> DailyRegister:
    return DailyRegister(
        service_point_no=point.service_point_no,
        org_unit=point.org_unit,
        route_no=point.route_no,
        version=version,
        period_from=now.period_from,
        through=now.through,
        energy_wh=dict(now.energy_wh),
        cycle=now.ends.cycle,
        read_date=now.ends.day,
        cycle_from=now.cycle_from,
        months=now.ends.months,
        demand_w=dict(now.demand_w),
        registers=cast(tuple[MeterSpan, ...], now.registers),
        curves=tuple([facts.packed_curve(curve) for curve in now.curves]),
        meter_nos=now.meter_nos,
        read_ids=now.read_ids,
    )


def _digest(fact: DailyRegister, now: SoFar) -> str:
    said = fact.model_dump_json(exclude={"fact_id", "correlation_id", "causation_id", "version"})
    return sha256(f"{said}{now.prepaid}".encode()).hexdigest()
