"""Routes, in and out."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.reading.network import tables
from services.reading.network.domain.reference import Route
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ROUTE = tables.ROUTE
READ_DAY_MAX = 31
MONTHS_OF_A_YEAR = 12


async def lock(tx: Tx, route_no: str) -> Row[Any] | None:
    """Lock a route, and return its row."""
    await bulk.lock(tx, ROUTE, {"route_no": [route_no]})
    return await tx.first(select(ROUTE).where(ROUTE.c.route_no == route_no))


async def due(view: View, day: date) -> list[str]:
    """Return the routes that are read in the month of a day, and whose read day (抄表例日) has come by then."""
    last_day = monthrange(day.year, day.month)[1]
    found = select(ROUTE.c.route_no).where(
        ROUTE.c.read_day <= (READ_DAY_MAX if day.day == last_day else day.day),
        (day.month + MONTHS_OF_A_YEAR - ROUTE.c.first_month) % ROUTE.c.months == 0,
    )
    return [row.route_no for row in await view.all(found.order_by(ROUTE.c.route_no))]


async def hold(tx: Tx, route_nos: Sequence[str]) -> None:
    """Keep routes from being locked by others to the end of the unit of work; any number may hold one."""
    given = travel.relation_for(tx, ROUTE, {"route_no": list(route_nos)})
    found = select(ROUTE.c.route_no).join(given, given.c.route_no == ROUTE.c.route_no).order_by(ROUTE.c.route_no)
    await tx.all(found.with_for_update(read=True, of=ROUTE))


async def by_no(view: View, route_nos: Sequence[str]) -> dict[str, Route]:
    """Return routes by their numbers."""
    rows = await bulk.select_in(view, ROUTE, {"route_no": route_nos})
    return {row.route_no: _route(row) for row in rows}


async def org_units(view: View, route_nos: Sequence[str]) -> dict[str, str]:
    """Return the org unit of each of the routes that is there."""
    found = await bulk.select_in(view, ROUTE, {"route_no": route_nos})
    return {row.route_no: row.org_unit for row in found}


async def listed(view: View, *, visible: Condition, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return a page of routes, in order."""
    return await view.all(
        select(ROUTE).where(visible(ROUTE.c.org_unit), after(ROUTE.c.route_no)).order_by(ROUTE.c.route_no).limit(limit)
    )


async def stored(tx: Tx, route_nos: Sequence[str]) -> dict[str, tuple[Route, int]]:
    """Return routes and their versions by number, locked to the end of the unit of work."""
    rows = await bulk.select_in(tx, ROUTE, {"route_no": route_nos}, order_by=(ROUTE.c.route_no,), for_update=True)
    return {row.route_no: (_route(row), row.version) for row in rows}


async def put(tx: Tx, given: Sequence[tuple[Route, int]]) -> set[str]:
    """Insert or replace routes, each with its new version, and return the numbers that were applied."""
    routes = [route for route, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        ROUTE,
        {
            "route_no": [each.route_no for each in routes],
            "org_unit": [each.org_unit for each in routes],
            "read_day": [each.read_day for each in routes],
            "months": [each.months for each in routes],
            "first_month": [each.first_month for each in routes],
            "version": [version for _, version in given],
        },
        key=("route_no",),
    )
    return {row.route_no for row in applied}


def _route(row: Row[Any]) -> Route:
    return Route(
        route_no=row.route_no,
        org_unit=row.org_unit,
        read_day=row.read_day,
        months=row.months,
        first_month=row.first_month,
    )
