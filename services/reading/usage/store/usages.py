"""Usages, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from services.reading.base import by_name, equals
from services.reading.network.domain.energy import Boundary
from services.reading.network.store.codec import counts, counts_text
from services.reading.tasks.domain.tasks import Task, TaskKey
from services.reading.tasks.store import tasks
from services.reading.usage import tables
from services.reading.usage.domain.usages import ESTIMATED, Usage
from services.reading.usage.store import codec
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

USAGE = tables.USAGE


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
        quality=row["quality"],
        energy_wh=codec.energy(row["energy"]),
        end=Boundary(
            row["period_to"], row["closing_meter"], counts(row["closing_counts"]), row["quality"] != ESTIMATED
        ),
        closing_source=row["closing_source"],
        closing_actors=codec.words(row["closing_actors"]),
        actors=codec.words(row["actors"]),
        read_ids=codec.words(row["read_ids"]),
        meter_nos=codec.words(row["meter_nos"]),
        findings=codec.words(row["findings"]),
        estimate_reason=row["estimate_reason"],
        estimates_in_a_row=row["estimates_in_a_row"],
        settles_estimate=bool(row["settles_estimate"]),
        replaces_reason=row["replaces_reason"],
    )


def _columns(usages: Sequence[Usage]) -> dict[str, Sequence[Any]]:
    return {
        "usage_id": [each.usage_id for each in usages],
        "service_point_no": [each.service_point_no for each in usages],
        "period_from": [each.period_from for each in usages],
        "period_to": [each.period_to for each in usages],
        "version": [each.version for each in usages],
        "org_unit": [each.org_unit for each in usages],
        "route_no": [each.route_no for each in usages],
        "cycle": [each.cycle for each in usages],
        "quality": [each.quality for each in usages],
        "energy": [codec.energy_text(each.energy_wh) for each in usages],
        "import_wh": [each.import_wh for each in usages],
        "closing_meter": [each.end.meter_no for each in usages],
        "closing_counts": [counts_text(each.end.counts) for each in usages],
        "closing_source": [each.closing_source for each in usages],
        "closing_actors": [" ".join(each.closing_actors) for each in usages],
        "actors": [" ".join(each.actors) for each in usages],
        "read_ids": [" ".join(each.read_ids) for each in usages],
        "meter_nos": [" ".join(each.meter_nos) for each in usages],
        "findings": [" ".join(each.findings) for each in usages],
        "estimate_reason": [each.estimate_reason for each in usages],
        "estimates_in_a_row": [each.estimates_in_a_row for each in usages],
        "settles_estimate": [int(each.settles_estimate) for each in usages],
        "replaces_reason": [each.replaces_reason for each in usages],
    }


def _previous_id() -> ColumnElement[str]:
    """Return the id of the last usage that began before a task's read date."""
    point, read_date = tasks.KEY
    return (
        select(USAGE.c.usage_id)
        .where(USAGE.c.service_point_no == point, USAGE.c.period_from < read_date)
        .order_by(USAGE.c.period_from.desc(), USAGE.c.version.desc())
        .limit(1)
        .correlate(tasks.TASK)
        .scalar_subquery()
        .label("previous_id")
    )


async def tasks_and_previous(view: View, keys: Sequence[TaskKey]) -> tuple[dict[TaskKey, Task], dict[TaskKey, str]]:
    """Return the tasks of pairs of point and read date, and the id of the last usage that began before each."""
    made: dict[TaskKey, Task] = {}
    previous: dict[TaskKey, str] = {}
    for row in by_name(await tasks.rows(view, keys, also=(_previous_id(),))):
        task = tasks.task_of(row)
        made[task.key] = task
        if row["previous_id"]:
            previous[task.key] = row["previous_id"]
    return made, previous


async def by_id(view: View, usage_ids: Sequence[str]) -> dict[str, Usage]:
    """Return usages by their ids."""
    rows = await bulk.select_in(view, USAGE, {"usage_id": usage_ids})
    return {row["usage_id"]: _usage(row) for row in by_name(rows)}


async def chains(view: View, service_point_nos: Sequence[str], since: date) -> dict[str, list[Usage]]:
    """Return the usages in force of points that end after a day, in order of their periods."""
    rows = await bulk.select_in(
        view,
        USAGE,
        {"service_point_no": service_point_nos},
        where=USAGE.c.period_to > since,
        order_by=(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.version),
    )
    found: dict[str, list[Usage]] = {}
    for row in map(_usage, by_name(rows)):
        chain = found.setdefault(row.service_point_no, [])
        if chain and chain[-1].period_from == row.period_from:
            chain[-1] = row  # a later version
        else:
            chain.append(row)
    return found


async def insert(tx: Tx, usages: Sequence[Usage]) -> None:
    """Write usage versions; the natural key refuses a second one of a version."""
    await bulk.insert_rows(tx, USAGE, _columns(usages) | {"created_at": travel.Same(tx.now, len(usages))})


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
        select(USAGE)
        .where(visible(usage.org_unit), after(usage.usage_id))
        .where(equals(usage.service_point_no, service_point_no), equals(usage.cycle, cycle))
        .where(equals(usage.route_no, route_no), equals(usage.quality, quality))
        .order_by(usage.usage_id)
        .limit(limit)
    )


def document(row: Row[Any]) -> dict[str, Any]:
    """Return a usage as people and programs read it."""
    return {
        "usage_id": row.usage_id,
        "service_point_no": row.service_point_no,
        "org_unit": row.org_unit,
        "route_no": row.route_no,
        "cycle": row.cycle,
        "period_from": row.period_from,
        "period_to": row.period_to,
        "version": row.version,
        "quality": row.quality,
        "energy_wh": codec.energy(row.energy),
        "meter_nos": codec.words(row.meter_nos),
        "read_ids": codec.words(row.read_ids),
        "actors": codec.words(row.actors),
        "findings": codec.words(row.findings),
        "estimate_reason": row.estimate_reason,
        "estimates_in_a_row": row.estimates_in_a_row,
        "settles_estimate": bool(row.settles_estimate),
        "replaces_reason": row.replaces_reason,
        "created_at": row.created_at,
        "derived_from": [
            {"service": "reading", "kind": "read", "id": read_id} for read_id in codec.words(row.read_ids)
        ],
    }
