"""Routes, in and out."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import Condition
from services.reading.network import tables
from shared.db import bulk
from shared.db.engine import Tx, View

ROUTE = tables.ROUTE


async def lock_route(tx: Tx, route_no: str) -> Row[Any] | None:
    """Lock a route, and return its row."""
    await bulk.lock(tx, ROUTE, {"route_no": [route_no]})
    return await tx.first(select(ROUTE).where(ROUTE.c.route_no == route_no))


async def due(view: View, day: int) -> list[str]:
    """Return the routes whose read day (抄表例日) is that day of the month or an earlier one."""
    found = select(ROUTE.c.route_no).where(ROUTE.c.read_day <= day)
    return [row.route_no for row in await view.all(found.order_by(ROUTE.c.route_no))]


async def org_units(view: View, route_nos: Sequence[str]) -> dict[str, str]:
    """Return the org unit of each of the routes that is there."""
    found = await bulk.select_in(view, ROUTE, {"route_no": route_nos})
    return {row.route_no: row.org_unit for row in found}


async def listed(view: View, *, visible: Condition, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return a page of routes, in order."""
    return await view.all(
        select(ROUTE).where(visible(ROUTE.c.org_unit), after(ROUTE.c.route_no)).order_by(ROUTE.c.route_no).limit(limit)
    )
