"""Usages, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, String, and_, func, select

from services.reading.base import by_name, equals
from services.reading.network.store.codec import counts, counts_text
from services.reading.tasks.domain.tasks import Task, TaskKey
from services.reading.tasks.store import route_cycles, tasks
from services.reading.usage import tables
from services.reading.usage.domain.billed import Billed
from services.reading.usage.domain.usages import ACTUAL, Last, Usage, VersionKey
from services.reading.usage.store import codec
from shared import packed
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

USAGE = tables.USAGE
_LIGHT = tuple(column for column in USAGE.c if column is not USAGE.c.curves)
"""All but the curves: kilobytes each, which are only read where one usage is asked for."""


def _usage(row: Mapping[str, Any]) -> Usage:
    return Usage(
        usage_id=row["usage_id"],
        service_point_no=row["service_point_no"],
        period_from=row["period_from"],
        period_to=row["period_to"],
        version=row["version"],
        org_unit=row["org_unit"],
        route_no=row["route_no"],
        cycle=row["cycle"],
        read_date=row["read_date"],
        months=row["months"],
        quality=row["quality"],
        withdrawn=bool(row["withdrawn"]),
        late=bool(row["late"]),
        energy_wh=codec.energy(row["energy"]),
        demand_w=codec.energy(row["demand"]),
        curves=(),
        curves_digest=row["curves_digest"],
        registers=codec.registers(row["registers"]),
        opening_known=bool(row["opening_known"]),
        closing_meter=row["closing_meter"],
        closing_installed_on=row["closing_installed_on"],
        closing_counts=counts(row["closing_counts"]) if row["closing_counts"] else (),
        closing_known=bool(row["closing_known"]),
        closing_source=row["closing_source"],
        closing_actors=codec.words(row["closing_actors"]),
        closing_read_ids=codec.words(row["closing_read_ids"]),
        actors=codec.words(row["actors"]),
        read_ids=codec.words(row["read_ids"]),
        meter_nos=codec.words(row["meter_nos"]),
        findings=codec.words(row["findings"]),
        estimate_reason=row["estimate_reason"],
        estimate_method=row["estimate_method"],
        estimates_in_a_row=row["estimates_in_a_row"],
        settles_estimate=bool(row["settles_estimate"]),
        replaces_reason=row["replaces_reason"],
    )


_PLAIN: Mapping[str, Any] = {
    "version": 1,
    "months": 1,
    "quality": ACTUAL,
    "withdrawn": 0,
    "late": 0,
    "demand": "{}",
    "curves": "[]",
    "curves_digest": "",
    "opening_known": 1,
    "closing_known": 1,
    "estimate_reason": None,
    "estimate_method": None,
    "estimates_in_a_row": 0,
    "settles_estimate": 0,
    "replaces_reason": None,
}
"""What nearly all usages of a read day have in common: in such a batch these columns travel once."""


def _columns(usages: Sequence[Usage]) -> dict[str, Sequence[Any]]:
    plain = all(
        each.version == each.months == 1
        and each.quality == ACTUAL
        and each.opening_known
        and not (each.late or each.demand_w or each.curves_digest or each.settles_estimate)
        for each in usages
    )
    own = {name: travel.Same(value, len(usages)) for name, value in _PLAIN.items()} if plain else _own_columns(usages)
    return own | {
        "usage_id": [each.usage_id for each in usages],
        "service_point_no": [each.service_point_no for each in usages],
        "period_from": [each.period_from for each in usages],
        "period_to": [each.period_to for each in usages],
        "org_unit": [each.org_unit for each in usages],
        "route_no": [each.route_no for each in usages],
        "cycle": [each.cycle for each in usages],
        "read_date": [each.read_date for each in usages],
        "energy": [codec.energy_text(each.energy_wh) for each in usages],
        "registers": [codec.registers_text(each.registers) for each in usages],
        "import_wh": [each.import_wh for each in usages],
        "closing_meter": [each.closing_meter for each in usages],
        "closing_installed_on": [each.closing_installed_on for each in usages],
        "closing_counts": [counts_text(each.closing_counts) for each in usages],
        "closing_source": [each.closing_source for each in usages],
        "closing_actors": [" ".join(each.closing_actors) for each in usages],
        "closing_read_ids": [" ".join(each.closing_read_ids) for each in usages],
        "actors": [" ".join(each.actors) for each in usages],
        "read_ids": [" ".join(each.read_ids) for each in usages],
        "meter_nos": [" ".join(each.meter_nos) for each in usages],
        "findings": [" ".join(each.findings) for each in usages],
    }


def _own_columns(usages: Sequence[Usage]) -> dict[str, Sequence[Any]]:
    return {
        "version": [each.version for each in usages],
        "months": [each.months for each in usages],
        "quality": [each.quality for each in usages],
        "withdrawn": [int(each.withdrawn) for each in usages],
        "late": [int(each.late) for each in usages],
        "demand": [codec.energy_text(each.demand_w) for each in usages],
        "curves": [codec.curves_text(each.curves) for each in usages],
        "curves_digest": [each.curves_digest for each in usages],
        "opening_known": [int(each.opening_known) for each in usages],
        "closing_known": [int(each.closing_known) for each in usages],
        "estimate_reason": [each.estimate_reason for each in usages],
        "estimate_method": [each.estimate_method for each in usages],
        "estimates_in_a_row": [each.estimates_in_a_row for each in usages],
        "settles_estimate": [int(each.settles_estimate) for each in usages],
        "replaces_reason": [each.replaces_reason for each in usages],
    }


def _previous_id(point: ColumnElement[str], day: ColumnElement[date]) -> ColumnElement[str]:
    """Return the id of the last usage that began before a day."""
    return (
        select(USAGE.c.usage_id)
        .where(USAGE.c.service_point_no == point, USAGE.c.period_from < day)
        .order_by(USAGE.c.period_from.desc(), USAGE.c.version.desc())
        .limit(1)
        .correlate_except(USAGE)
        .scalar_subquery()
        .label("previous_id")
    )


async def tasks_and_previous(
    view: View, keys: Sequence[TaskKey]
) -> tuple[dict[TaskKey, Task], dict[TaskKey, str], dict[TaskKey, date]]:
    """Return, by point and day, the task, the id of the last usage that began before, and the day of another task of the point:
    the last before where the day has a task, else the last of all."""
    made: dict[TaskKey, Task] = {}
    previous: dict[TaskKey, str] = {}
    ends: dict[TaskKey, date] = {}
    for row in by_name(await tasks.beside(view, keys, also=_previous_id)):
        key = row["point"], row["day"]
        if row["kind"] is not None:
            made[key] = tasks.task_of(row)
        if row["previous_id"]:
            previous[key] = row["previous_id"]
        if row["other_end"]:
            ends[key] = row["other_end"]
    return made, previous, ends


_LAST = (
    *("usage_id", "period_from", "period_to", "version", "quality", "withdrawn", "energy", "findings", "opening_known"),
    *("closing_meter", "closing_installed_on", "closing_counts", "closing_known", "closing_source", "closing_actors"),
    "closing_read_ids",
)


async def last(view: View, usage_ids: Sequence[str]) -> dict[str, Last]:
    """Return what periods that follow usages go on from, by the ids of these."""
    rows = await bulk.select_in(view, USAGE, {"usage_id": usage_ids}, columns=[USAGE.c[name] for name in _LAST])
    return {
        row["usage_id"]: Last(
            period_from=row["period_from"],
            period_to=row["period_to"],
            version=row["version"],
            quality=row["quality"],
            withdrawn=bool(row["withdrawn"]),
            energy_wh=codec.energy(row["energy"]),
            findings=codec.words(row["findings"]),
            opening_known=bool(row["opening_known"]),
            closing_meter=row["closing_meter"],
            closing_installed_on=row["closing_installed_on"],
            closing_counts=counts(row["closing_counts"]) if row["closing_counts"] else (),
            closing_known=bool(row["closing_known"]),
            closing_source=row["closing_source"],
            closing_actors=codec.words(row["closing_actors"]),
            closing_read_ids=codec.words(row["closing_read_ids"]),
        )
        for row in by_name(rows)
    }


async def of_points(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Usage]]:
    """Return all versions of the usages of points, without their curves."""
    rows = await bulk.select_in(
        view,
        USAGE,
        {"service_point_no": service_point_nos},
        columns=_LIGHT,
        order_by=(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.version),
    )
    found: dict[str, list[Usage]] = {}
    for usage in map(_usage, by_name(rows)):
        found.setdefault(usage.service_point_no, []).append(usage)
    return found


async def cycles_told(view: View, service_point_nos: Sequence[str]) -> set[tuple[str, str]]:
    """Return (point, cycle) of all usages of points."""
    point_and_cycle = [USAGE.c.service_point_no, USAGE.c.cycle]
    rows = await bulk.select_in(view, USAGE, {"service_point_no": service_point_nos}, columns=point_and_cycle)
    return {(row.service_point_no, row.cycle) for row in rows}


async def with_ids(view: View, usage_ids: Sequence[str]) -> dict[str, Usage]:
    """Return usages by their ids, without their curves."""
    rows = await bulk.select_in(view, USAGE, {"usage_id": usage_ids}, columns=_LIGHT)
    return {usage.usage_id: usage for usage in map(_usage, by_name(rows))}


async def told_after(view: View, touched: Mapping[str, date]) -> set[str]:
    """Return which points have a usage that ends after their day."""
    given = travel.relation(
        view, "given", {"point": (String(), list(touched)), "day": (Date(), list(touched.values()))}
    )
    later = and_(USAGE.c.service_point_no == given.c.point, USAGE.c.period_to > given.c.day)
    return {row.point for row in await view.all(select(given.c.point).distinct().join(USAGE, later))}


async def billed(view: View, touched: Mapping[str, date]) -> dict[str, list[Billed]]:
    """Return by point what was told of periods that end after its day in cycles which are closed: they may be billed.

    All versions, those that were withdrawn since too: whether a bill is taken back is decided in billing.
    """
    given = travel.relation(
        view, "given", {"point": (String(), list(touched)), "day": (Date(), list(touched.values()))}
    )
    later = and_(USAGE.c.service_point_no == given.c.point, USAGE.c.period_to > given.c.day)
    rows = await view.all(
        select(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.period_to, USAGE.c.registers)
        .join(given, later)
        .where(route_cycles.is_closed(USAGE.c.route_no, USAGE.c.read_date))
    )
    found: dict[str, list[Billed]] = {}
    for row in rows:
        told = Billed(from_=row.period_from, to=row.period_to, spans=codec.registers(row.registers))
        found.setdefault(row.service_point_no, []).append(told)
    return found


async def insert(tx: Tx, usages: Sequence[Usage]) -> None:
    """Write usage versions; the natural key refuses a second one of a version."""
    await bulk.insert_rows(tx, USAGE, _columns(usages) | {"created_at": travel.Same(tx.now, len(usages))})


async def delete(tx: Tx, keys: Sequence[VersionKey]) -> None:
    """Delete versions that were heard otherwise than they are kept, by their natural keys."""
    points, starts, ends, versions = zip(*keys, strict=True) if keys else ((), (), (), ())
    given = {"service_point_no": points, "period_from": starts, "period_to": ends, "version": versions}
    await bulk.delete_in(tx, USAGE, given)


async def totals(view: View, route_no: str, read_date: date) -> tuple[int, int]:
    """Count the first versions that were told of a route's cycle in time, and sum their import energy in Wh."""
    usage = USAGE.c
    row = await view.first(
        select(func.count().label("usages"), func.coalesce(func.sum(usage.import_wh), 0).label("wh")).where(
            usage.route_no == route_no,
            usage.read_date == read_date,
            usage.version == 1,
            usage.late == 0,
            usage.withdrawn == 0,
        )
    )
    assert row is not None
    return int(row.usages), int(row.wh)


async def told_for_other_dates(view: View, route_no: str, read_date: date, since: date) -> list[str]:
    """Return the points with usages that were told for a planned date after `since` that is not the one of the plan.

    A contract's cut is told before its planned date is there; where the route is then planned for another day, it is told again.
    """
    usage = USAGE.c
    rows = await view.all(
        select(usage.service_point_no)
        .distinct()
        .where(usage.route_no == route_no, usage.read_date > since, usage.read_date != read_date, usage.withdrawn == 0)
        .order_by(usage.service_point_no)
    )
    return [row.service_point_no for row in rows]


async def row(view: View, usage_id: str) -> Row[Any] | None:
    """Return one version of a usage."""
    return await view.first(select(USAGE).where(USAGE.c.usage_id == usage_id))


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    service_point_no: str | None,
    cycle: str | None,
    route_no: str | None,
    quality: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of usages, all versions, in the order in which they were made."""
    usage = USAGE.c
    return await view.all(
        select(*_LIGHT)
        .where(visible(usage.org_unit), after(usage.usage_id))
        .where(equals(usage.service_point_no, service_point_no), equals(usage.cycle, cycle))
        .where(equals(usage.route_no, route_no), equals(usage.quality, quality))
        .order_by(usage.usage_id)
        .limit(limit)
    )


def curves(row: Row[Any]) -> list[dict[str, Any]]:
    """Return the load curves of a usage as people and programs read them."""
    return [
        {
            "quantity": curve.quantity,
            "start": curve.start,
            "minutes": curve.minutes,
            "values": packed.unpack(curve.values),
        }
        for curve in codec.curves(row.curves)
    ]


def document(row: Row[Any]) -> dict[str, Any]:
    """Return a usage as people and programs read it."""
    return {
        "usage_id": row.usage_id,
        "service_point_no": row.service_point_no,
        "org_unit": row.org_unit,
        "route_no": row.route_no,
        "cycle": row.cycle,
        "read_date": row.read_date,
        "period_from": row.period_from,
        "period_to": row.period_to,
        "version": row.version,
        "months": row.months,
        "quality": row.quality,
        "withdrawn": bool(row.withdrawn),
        "late": bool(row.late),
        "energy_wh": codec.energy(row.energy),
        "demand_w": codec.energy(row.demand),
        "registers": [
            {
                "meter_no": span["meter_no"],
                "installed_on": span["installed_on"],
                "quantity": quantity,
                "from_on": span["from_on"],
                "to_on": span["to_on"],
                "from": start,
                "to": end,
                "turns": span["turns"].get(quantity, 0),
                "multiplier": span["multiplier"],
                "multiplier_denominator": span["multiplier_denominator"],
            }
            for span in codec.registers(row.registers)
            for quantity, (start, end) in span["shown"].items()
        ],
        "meter_nos": codec.words(row.meter_nos),
        "read_ids": codec.words(row.read_ids),
        "actors": codec.words(row.actors),
        "findings": codec.words(row.findings),
        "estimate_reason": row.estimate_reason,
        "estimate_method": row.estimate_method,
        "estimates_in_a_row": row.estimates_in_a_row,
        "settles_estimate": bool(row.settles_estimate),
        "replaces_reason": row.replaces_reason,
        "created_at": row.created_at,
        "derived_from": [
            {"service": "reading", "kind": "read", "id": read_id} for read_id in codec.words(row.read_ids)
        ],
    }
