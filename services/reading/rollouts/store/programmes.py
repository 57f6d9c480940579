"""Programmes, planned points and failures, in and out: every function is one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Date, Row, String, func, or_, select

from services.reading.base import below, equals
from services.reading.rollouts import tables
from services.reading.rollouts.domain.programme import Failure, PlannedPoint, Programme
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ROLLOUT, POINT, FAILURE = tables.ROLLOUT, tables.POINT, tables.FAILURE
_PLAIN = ("programme_no", "org_unit", "meter_type", "planned_count", "starts_on", "ends_on")
_POINT = ("programme_no", "service_point_no", "planned_on", "withdrawn_for", "replanned_on")
_FAILURE = ("programme_no", "service_point_no", "failed_on", "reason")


async def stored(tx: Tx, programme_nos: Sequence[str]) -> dict[str, tuple[Programme, int]]:
    """Return programmes and their versions by number, locked to the end of the unit of work."""
    order = (ROLLOUT.c.programme_no,)
    rows = await bulk.select_in(tx, ROLLOUT, {"programme_no": programme_nos}, order_by=order, for_update=True)
    return {row.programme_no: (programme(row), row.version) for row in rows}


def programme(row: Row[Any]) -> Programme:
    """Return the programme of a row."""
    return Programme(**{name: getattr(row, name) for name in _PLAIN}, route_nos=tuple(row.route_nos.split()))


async def put(tx: Tx, given: Sequence[tuple[Programme, int]]) -> set[str]:
    """Insert or replace programmes, each with its new version, and return the numbers that were applied."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each, _ in given] for name in _PLAIN}
    columns["route_nos"] = [" ".join(each.route_nos) for each, _ in given]
    columns["version"] = [version for _, version in given]
    return {row.programme_no for row in await bulk.upsert_newer(tx, ROLLOUT, columns, key=("programme_no",))}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, org_unit: str | None, meter_type: str | None
) -> Sequence[Row[Any]]:
    """Return a page of programmes, by number."""
    row = ROLLOUT.c
    return await view.all(
        select(ROLLOUT)
        .where(visible(row.org_unit), after(row.programme_no))
        .where(below(row.org_unit, org_unit), equals(row.meter_type, meter_type))
        .order_by(row.programme_no)
        .limit(limit)
    )


async def outside_days(view: View, wanted: Sequence[Programme]) -> dict[str, int]:
    """Return by programme how many of its points are planned for days outside of those that are wanted, of those with any."""
    days = travel.relation(
        view,
        "days",
        {
            "programme_no": (String(), [each.programme_no for each in wanted]),
            "starts_on": (Date(), [each.starts_on for each in wanted]),
            "ends_on": (Date(), [each.ends_on for each in wanted]),
        },
    )
    rows = await view.all(
        select(POINT.c.programme_no, func.count().label("points"))
        .join(days, days.c.programme_no == POINT.c.programme_no)
        .where(POINT.c.withdrawn_for.is_(None))
        .where(or_(POINT.c.planned_on < days.c.starts_on, POINT.c.planned_on >= days.c.ends_on))
        .group_by(POINT.c.programme_no)
    )
    return {row.programme_no: int(row.points) for row in rows}


async def points(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[PlannedPoint, int]]:
    """Return planned points and their versions, by programme and point."""
    given = {"programme_no": [key[0] for key in keys], "service_point_no": [key[1] for key in keys]}
    found = {}
    for row in await bulk.select_in(view, POINT, given):
        point = PlannedPoint(**{name: getattr(row, name) for name in _POINT})
        found[point.key] = point, row.version
    return found


async def put_points(tx: Tx, given: Sequence[tuple[PlannedPoint, int]]) -> set[tuple[str, str]]:
    """Insert or replace planned points, each with its new version, and return the keys that were applied."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each, _ in given] for name in _POINT}
    columns["version"] = [version for _, version in given]
    rows = await bulk.upsert_newer(tx, POINT, columns, key=("programme_no", "service_point_no"))
    return {(row.programme_no, row.service_point_no) for row in rows}


async def failures(view: View, keys: Sequence[tuple[str, str, Any]]) -> dict[tuple[str, str, Any], Failure]:
    """Return failures by programme, point and day."""
    given = {name: [key[place] for key in keys] for place, name in enumerate(_FAILURE[:3])}
    rows = await bulk.select_in(view, FAILURE, given)
    found = [Failure(**{name: getattr(row, name) for name in _FAILURE}) for row in rows]
    return {each.key: each for each in found}


async def insert_failures(tx: Tx, new: Sequence[Failure], *, actor: str) -> None:
    """Write failures."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in new] for name in _FAILURE}
    columns |= {"actor": [actor] * len(new), "created_at": [tx.now] * len(new)}
    await bulk.insert_rows(tx, FAILURE, columns)
