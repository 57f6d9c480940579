"""Read days of routes and of points, in and out: every function is one statement, or two where rows are replaced."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.reading.network import tables
from services.reading.network.domain.read_days import FIRST, Plan, Plans, ReadDay, then
from services.reading.network.domain.reference import Route
from shared.db import bulk
from shared.db.engine import Tx, View

READ_DAY = tables.READ_DAY
_ORDER = (READ_DAY.c.route_no, READ_DAY.c.service_point_no, READ_DAY.c.from_cycle)


async def of_routes(view: View, route_nos: Sequence[str]) -> dict[str, Plans]:
    """Return the plans of routes and of their points, by route."""
    return _plans(await bulk.select_in(view, READ_DAY, {"route_no": route_nos}, order_by=_ORDER))


async def of_all(view: View) -> dict[str, Plans]:
    """Return the plans of all routes, in the order of their numbers."""
    return _plans(await view.all(select(READ_DAY).order_by(*_ORDER)))


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


def _plans(rows: Sequence[Row[Any]]) -> dict[str, Plans]:
    routes: dict[str, Plan] = {}
    points: dict[str, dict[str, Plan]] = {}
    for row in rows:  # those of a route before those of its points
        day = ReadDay(row.from_cycle, row.read_day, row.months, row.first_month)
        if row.service_point_no:
            own = points.setdefault(row.route_no, {})
            own[row.service_point_no] = then(own.get(row.service_point_no, routes[row.route_no]), day)
        else:
            routes[row.route_no] = then(routes.get(row.route_no, ()), day)
    return {no: Plans(plan, points.get(no, {})) for no, plan in routes.items()}
