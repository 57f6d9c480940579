"""Routes, in and out."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from services.reading.network import tables
from services.reading.network.domain.reference import Route
from services.reading.network.store import read_days
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ROUTE = tables.ROUTE
Of = Callable[[ColumnElement[str]], Sequence[ColumnElement[Any]]]
"""Parts of a statement of another store, of the number of a route."""


def _nothing(_: ColumnElement[str]) -> Sequence[ColumnElement[Any]]:
    return ()


async def lock(tx: Tx, route_no: str) -> Row[Any] | None:
    """Lock a route, and return its row."""
    await bulk.lock(tx, ROUTE, {"route_no": [route_no]})
    return await tx.first(select(ROUTE).where(ROUTE.c.route_no == route_no))


async def lock_all(tx: Tx, route_nos: Sequence[str]) -> None:
    """Lock routes, in the order of their numbers."""
    await bulk.lock(tx, ROUTE, {"route_no": route_nos})


async def hold(tx: Tx, route_nos: Sequence[str]) -> None:
    """Keep routes from being locked by others to the end of the unit of work; any number may hold one."""
    given = travel.relation_for(tx, ROUTE, {"route_no": list(route_nos)})
    found = select(ROUTE.c.route_no).join(given, given.c.route_no == ROUTE.c.route_no).order_by(ROUTE.c.route_no)
    await tx.all(found.with_for_update(read=True, of=ROUTE))


async def org_units(view: View, route_nos: Sequence[str]) -> dict[str, str]:
    """Return the org unit of each of the routes that is there."""
    found = await bulk.select_in(view, ROUTE, {"route_no": route_nos})
    return {row.route_no: row.org_unit for row in found}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, also: Of = _nothing, only: Of = _nothing
) -> Sequence[Row[Any]]:
    """Return a page of routes, in order; `also`: columns of another store, `only`: its conditions, both of the route's number."""
    number = ROUTE.c.route_no
    return await view.all(
        select(ROUTE, *also(number))
        .where(visible(ROUTE.c.org_unit), after(number), *only(number))
        .order_by(number)
        .limit(limit)
    )


async def of_unit(view: View, org_unit: str) -> list[str]:
    """Return the routes of an org unit itself, in order."""
    number = ROUTE.c.route_no
    return [row.route_no for row in await view.all(select(number).where(ROUTE.c.org_unit == org_unit).order_by(number))]


async def stored(tx: Tx, route_nos: Sequence[str]) -> dict[str, tuple[Route, int]]:
    """Return routes as they were last put and their versions by number, locked to the end of the unit of work."""
    rows = await bulk.select_in(tx, ROUTE, {"route_no": route_nos}, order_by=(ROUTE.c.route_no,), for_update=True)
    plans = await read_days.of_routes(tx, route_nos)
    found = {}
    for row in rows:
        last = plans[row.route_no].route[-1]
        route = Route(
            route_no=row.route_no,
            org_unit=row.org_unit,
            read_day=last.read_day,
            months=last.months,
            first_month=last.first_month,
        )
        found[row.route_no] = route, row.version
    return found


async def put(tx: Tx, given: Sequence[tuple[Route, int]]) -> set[str]:
    """Insert or replace routes, each with its new version, and return the numbers that were applied; not their read days."""
    routes = [route for route, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        ROUTE,
        {
            "route_no": [each.route_no for each in routes],
            "org_unit": [each.org_unit for each in routes],
            "version": [version for _, version in given],
        },
        key=("route_no",),
    )
    return {row.route_no for row in applied}
