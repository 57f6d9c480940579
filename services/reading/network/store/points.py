"""Service points, in and out: every function is one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import Condition, equals
from services.reading.network import tables
from shared.db import bulk
from shared.db.engine import Tx, View

POINT = tables.POINT


async def lock_points(tx: Tx, service_point_nos: Sequence[str]) -> None:
    """Lock the service points, in order of their numbers: who publishes under a key holds its row."""
    await bulk.lock(tx, POINT, {"service_point_no": sorted(set(service_point_nos))})


async def points(view: View, service_point_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return service points by their numbers."""
    rows = await bulk.select_in(view, POINT, {"service_point_no": service_point_nos})
    return {row.service_point_no: row for row in rows}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, route_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of service points, in order."""
    point = POINT.c
    return await view.all(
        select(POINT)
        .where(visible(point.org_unit), equals(point.route_no, route_no), after(point.service_point_no))
        .order_by(point.service_point_no)
        .limit(limit)
    )
