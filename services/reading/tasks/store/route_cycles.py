"""Routes in their cycles, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import or_, select, update

from services.reading.tasks import tables
from services.reading.tasks.domain.route_cycles import RouteCycle
from services.reading.tasks.domain.tasks import Totals
from shared.db import bulk
from shared.db.engine import Tx, View

ROUTE_CYCLE = tables.ROUTE_CYCLE


async def route_cycle(view: View, route_no: str, cycle: str) -> RouteCycle | None:
    """Return a route's cycle."""
    mine = (ROUTE_CYCLE.c.route_no == route_no) & (ROUTE_CYCLE.c.cycle == cycle)
    row = await view.first(select(ROUTE_CYCLE).where(mine))
    if row is None:
        return None
    return RouteCycle(
        route_no=row.route_no,
        cycle=row.cycle,
        org_unit=row.org_unit,
        read_date=row.read_date,
        closed_on=row.closed_on,
        totals=Totals(
            expected=row.expected,
            actual=row.actual,
            estimated=row.estimated,
            missed=row.missed,
            usages=row.usages,
            sum_wh=row.sum_wh,
        ),
    )


async def open_cycle(tx: Tx, route_no: str, cycle: str, org_unit: str, read_date: date) -> None:
    """Open a route's cycle, if it is not open yet."""
    zero = {name: [0] for name in ("expected", "actual", "estimated", "missed", "usages", "sum_wh")}
    row: dict[str, list[Any]] = {"route_no": [route_no], "cycle": [cycle], "org_unit": [org_unit]}
    row |= {"read_date": [read_date], "closed_on": [None], **zero}
    await bulk.insert_ignore(tx, ROUTE_CYCLE, row, key=("route_no", "cycle"))


async def cycles_due(view: View, closed_before: Sequence[tuple[date, date]]) -> list[tuple[str, str]]:
    """Return (route, cycle) of the open cycles whose read date is in one of [from, to)."""
    due = or_(*((ROUTE_CYCLE.c.read_date >= start) & (ROUTE_CYCLE.c.read_date < end) for start, end in closed_before))
    rows = await view.all(
        select(ROUTE_CYCLE.c.route_no, ROUTE_CYCLE.c.cycle)
        .where(ROUTE_CYCLE.c.closed_on.is_(None), due)
        .order_by(ROUTE_CYCLE.c.read_date, ROUTE_CYCLE.c.route_no)
    )
    return [(row.route_no, row.cycle) for row in rows]


async def close(tx: Tx, route_no: str, cycle: str, closed_on: date, totals: Totals) -> None:
    """Close a route's cycle with its totals."""
    await tx.execute(
        update(ROUTE_CYCLE)
        .where(ROUTE_CYCLE.c.route_no == route_no, ROUTE_CYCLE.c.cycle == cycle)
        .values(
            closed_on=closed_on,
            expected=totals.expected,
            actual=totals.actual,
            estimated=totals.estimated,
            missed=totals.missed,
            usages=totals.usages,
            sum_wh=totals.sum_wh,
        )
    )
