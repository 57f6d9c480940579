"""Read days of routes and of points, in and out: every function is one statement, or two where rows are replaced."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import equals
from services.reading.network import tables
from services.reading.network.domain.read_days import FIRST, Plan, Plans, ReadDay, of_point
from services.reading.network.domain.reference import Route
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

READ_DAY = tables.READ_DAY
_ORDER = (READ_DAY.c.route_no, READ_DAY.c.service_point_no, READ_DAY.c.from_cycle)


async def of_routes(view: View, route_nos: Sequence[str]) -> dict[str, Plans]:
    """Return the plans of routes and of their points, by route."""
    return _plans(await bulk.select_in(view, READ_DAY, {"route_no": route_nos}, order_by=_ORDER))


async def of_all(view: View) -> dict[str, Plans]:
    """Return the plans of all routes, in the order of their numbers."""
    return _plans(await view.all(select(READ_DAY).order_by(*_ORDER)))


async def exceptions(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    route_no: str | None,
    service_point_no: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of the rows of points of their own, as long as they are on that route."""
    row, point = READ_DAY.c, tables.POINT.c
    return await view.all(
        select(READ_DAY)
        .join(tables.POINT, (point.service_point_no == row.service_point_no) & (point.route_no == row.route_no))
        .where(visible(point.org_unit), after(row.route_no, row.service_point_no, row.from_cycle))
        .where(equals(row.route_no, route_no), equals(row.service_point_no, service_point_no))
        .order_by(row.route_no, row.service_point_no, row.from_cycle)
        .limit(limit)
    )


async def put(tx: Tx, routes: Sequence[Route]) -> None:
    """Give routes that are not planned yet one read day, from their first cycle on."""
    numbers = [each.route_no for each in routes]
    await bulk.delete_in(tx, READ_DAY, {"route_no": numbers, "service_point_no": [""] * len(routes)})
    await bulk.insert_rows(
        tx,
        READ_DAY,
        {
            "route_no": numbers,
            "service_point_no": [""] * len(routes),
            "from_cycle": [FIRST] * len(routes),
            "read_day": [each.read_day for each in routes],
            "months": [each.months for each in routes],
            "first_month": [each.first_month for each in routes],
        },
    )


async def put_own(tx: Tx, route_no: str, rows: Sequence[tuple[str, ReadDay]]) -> None:
    """Write rows of points of a route, `""` for the route itself; one of the same cycle is replaced."""
    keys = {
        "route_no": [route_no] * len(rows),
        "service_point_no": [point for point, _ in rows],
        "from_cycle": [day.from_cycle for _, day in rows],
    }
    await bulk.delete_in(tx, READ_DAY, keys)
    await bulk.insert_rows(
        tx,
        READ_DAY,
        {
            **keys,
            "read_day": [day.read_day for _, day in rows],
            "months": [day.months for _, day in rows],
            "first_month": [day.first_month for _, day in rows],
        },
    )


async def drop_own(tx: Tx, route_no: str, service_point_no: str, from_cycle: str) -> None:
    """Remove the row of a point of a cycle, where there is one."""
    keys = {"route_no": [route_no], "service_point_no": [service_point_no], "from_cycle": [from_cycle]}
    await bulk.delete_in(tx, READ_DAY, keys)


def _plans(rows: Sequence[Row[Any]]) -> dict[str, Plans]:
    routes: dict[str, Plan] = {}
    own: dict[str, dict[str, Plan]] = {}
    for row in rows:  # those of a route before those of its points
        day = ReadDay(row.from_cycle, row.read_day, row.months, row.first_month)
        if row.service_point_no:
            mine = own.setdefault(row.route_no, {})
            mine[row.service_point_no] = (*mine.get(row.service_point_no, ()), day)
        else:
            routes[row.route_no] = (*routes.get(row.route_no, ()), day)
    return {
        no: Plans(plan, {point: of_point(plan, days) for point, days in own.get(no, {}).items()}, own.get(no, {}))
        for no, plan in routes.items()
    }
