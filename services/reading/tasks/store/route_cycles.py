"""Routes in their cycles, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update

from services.reading.base import below, equals
from services.reading.tasks import tables
from services.reading.tasks.domain.route_cycles import RouteCycle
from services.reading.tasks.domain.tasks import CYCLE, Totals, cycle_of
from services.reading.tasks.store.tasks import Beside, OfDay
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ROUTE_CYCLE, TASK = tables.ROUTE_CYCLE, tables.TASK


async def route_cycle(view: View, route_no: str, read_date: date) -> RouteCycle | None:
    """Return a route's cycle by its read date."""
    mine = (ROUTE_CYCLE.c.route_no == route_no) & (ROUTE_CYCLE.c.read_date == read_date)
    row = await view.first(select(ROUTE_CYCLE).where(mine))
    return None if row is None else _route_cycle(row)


async def named(view: View, route_no: str, cycle: str) -> RouteCycle | None:
    """Return a route's cycle of a name; of several that with the latest read date."""
    mine = (ROUTE_CYCLE.c.route_no == route_no) & (ROUTE_CYCLE.c.cycle == cycle)
    row = await view.first(select(ROUTE_CYCLE).where(mine).order_by(ROUTE_CYCLE.c.read_date.desc()).limit(1))
    return None if row is None else _route_cycle(row)


async def latest(view: View, route_no: str, *, before: date) -> RouteCycle | None:
    """Return the cycle of a route whose read date is the last one before a day."""
    mine = (ROUTE_CYCLE.c.route_no == route_no) & (ROUTE_CYCLE.c.read_date < before)
    row = await view.first(select(ROUTE_CYCLE).where(mine).order_by(ROUTE_CYCLE.c.read_date.desc()).limit(1))
    return None if row is None else _route_cycle(row)


async def last_name(view: View, route_no: str) -> str | None:
    """Return the name of the last cycle of a route that is planned."""
    found: str | None = await view.scalar(
        select(func.max(ROUTE_CYCLE.c.cycle)).where(ROUTE_CYCLE.c.route_no == route_no)
    )
    return found


async def planned(view: View, route_nos: Sequence[str]) -> set[str]:
    """Return those of some routes that have a cycle."""
    given = travel.relation_for(view, ROUTE_CYCLE, {"route_no": list(route_nos)})
    mine = exists().where(ROUTE_CYCLE.c.route_no == given.c.route_no)
    return {row.route_no for row in await view.all(select(given.c.route_no).where(mine))}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, route_no: str, cycle: str | None
) -> Sequence[Row[Any]]:
    """Return a page of a route's cycles, in order of their read dates."""
    row = ROUTE_CYCLE.c
    return await view.all(
        select(ROUTE_CYCLE)
        .where(row.route_no == route_no, visible(row.org_unit), equals(row.cycle, cycle), after(row.read_date))
        .order_by(row.read_date)
        .limit(limit)
    )


async def of_cycle(
    view: View, cycle: str, *, visible: Condition, planned: OfDay, route_no: str | None, org_unit: str | None
) -> Sequence[Row[Any]]:
    """Return all routes in a cycle by number and read date, each with who is to read it (`planned_reader`), as another store has
    it."""
    row = ROUTE_CYCLE.c
    return await view.all(
        select(ROUTE_CYCLE, planned(row.route_no, row.read_date).label("planned_reader"))
        .where(row.cycle == cycle, visible(row.org_unit), equals(row.route_no, route_no))
        .where(below(row.org_unit, org_unit))
        .order_by(row.route_no, row.read_date)
    )


def is_closed(route_no: ColumnElement[str], read_date: ColumnElement[date]) -> ColumnElement[bool]:
    """Return the condition that the cycle of a route for a read date is closed."""
    row = ROUTE_CYCLE.c
    return exists().where(row.route_no == route_no, row.read_date == read_date, row.closed_on.is_not(None))


async def open_cycle(tx: Tx, route_no: str, org_unit: str, read_date: date) -> None:
    """Open a route's cycle, if it is not open yet."""
    zero = {name: [0] for name in ("expected", "actual", "estimated", "missed", "usages", "sum_wh")}
    row: dict[str, list[Any]] = {"route_no": [route_no], "read_date": [read_date], "cycle": [cycle_of(read_date)]}
    row |= {"org_unit": [org_unit], "closed_on": [None], **zero}
    await bulk.insert_ignore(tx, ROUTE_CYCLE, row, key=("route_no", "read_date"))


async def cycles_due(view: View, closed_before: Sequence[tuple[date, date]]) -> list[tuple[str, date]]:
    """Return (route, read date) of the open cycles whose read date is in one of [from, to)."""
    due = or_(*((ROUTE_CYCLE.c.read_date >= start) & (ROUTE_CYCLE.c.read_date < end) for start, end in closed_before))
    rows = await view.all(
        select(ROUTE_CYCLE.c.route_no, ROUTE_CYCLE.c.read_date)
        .where(ROUTE_CYCLE.c.closed_on.is_(None), due)
        .order_by(ROUTE_CYCLE.c.read_date, ROUTE_CYCLE.c.route_no)
    )
    return [(row.route_no, row.read_date) for row in rows]


async def between(view: View, first: date, last: date) -> list[tuple[str, date]]:
    """Return (route, read date) of the cycles whose read date is one of these days."""
    row = ROUTE_CYCLE.c
    rows = await view.all(
        select(row.route_no, row.read_date)
        .where(row.read_date >= first, row.read_date <= last)
        .order_by(row.read_date, row.route_no)
    )
    return [(row.route_no, row.read_date) for row in rows]


async def days(view: View, route_nos: Sequence[str]) -> dict[str, dict[date, bool]]:
    """Return the read dates of routes, in order, and whether their cycles are open."""
    order = ROUTE_CYCLE.c.route_no, ROUTE_CYCLE.c.read_date
    rows = await bulk.select_in(view, ROUTE_CYCLE, {"route_no": route_nos}, order_by=order)
    found: dict[str, dict[date, bool]] = {}
    for row in rows:
        found.setdefault(row.route_no, {})[row.read_date] = row.closed_on is None
    return found


async def closed(view: View, cycles: Sequence[str]) -> list[tuple[str, str]]:
    """Return (cycle, route) of the routes that are closed on all their read dates in a cycle."""
    row = ROUTE_CYCLE.c
    rows = await view.all(
        select(row.cycle, row.route_no)
        .where(row.cycle.in_(cycles))
        .group_by(row.cycle, row.route_no)
        .having(func.count() == func.count(row.closed_on))
    )
    return [(each.cycle, each.route_no) for each in rows]


async def first_open_of_routes(view: View) -> dict[str, str]:
    """Return the first cycle of each route that is open."""
    row = ROUTE_CYCLE.c
    rows = await view.all(
        select(row.route_no, func.min(row.cycle).label("cycle")).where(row.closed_on.is_(None)).group_by(row.route_no)
    )
    return {each.route_no: each.cycle for each in rows}


async def cycles_without(view: View, route_no: str, since: str, before: str, *, beside: Beside) -> list[str]:
    """Return the closed cycles of a route, from one on and before another, with tasks for which another store has nothing."""
    mine = and_(ROUTE_CYCLE.c.route_no == TASK.c.route_no, ROUTE_CYCLE.c.read_date == TASK.c.read_date)
    rows = await view.all(
        select(TASK.c.cycle)
        .distinct()
        .select_from(TASK.join(ROUTE_CYCLE, mine))
        .where(TASK.c.route_no == route_no, TASK.c.cycle >= since, TASK.c.cycle < before, TASK.c.kind == CYCLE)
        .where(ROUTE_CYCLE.c.closed_on.is_not(None), ~beside(TASK.c.service_point_no, TASK.c.read_date))
        .order_by(TASK.c.cycle)
    )
    return [row.cycle for row in rows]


async def last_closed(view: View) -> date | None:
    """Return the latest business date on which a route was closed."""
    found: date | None = await view.scalar(select(func.max(ROUTE_CYCLE.c.closed_on)))
    return found


async def first_open(view: View) -> date | None:
    """Return the earliest read date of the cycles that are open."""
    found: date | None = await view.scalar(
        select(func.min(ROUTE_CYCLE.c.read_date)).where(ROUTE_CYCLE.c.closed_on.is_(None))
    )
    return found


def _route_cycle(row: Row[Any]) -> RouteCycle:
    return RouteCycle(
        route_no=row.route_no,
        read_date=row.read_date,
        cycle=row.cycle,
        org_unit=row.org_unit,
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


async def close(tx: Tx, route_no: str, read_date: date, closed_on: date) -> None:
    """Close the window of a route's planned date: what is not read by now is estimated or missed."""
    await _set(tx, route_no, read_date, closed_on=closed_on)


async def keep_totals(tx: Tx, route_no: str, read_date: date, totals: Totals) -> None:
    """Keep the control totals with which a route's cycle was closed."""
    await _set(
        tx,
        route_no,
        read_date,
        expected=totals.expected,
        actual=totals.actual,
        estimated=totals.estimated,
        missed=totals.missed,
        usages=totals.usages,
        sum_wh=totals.sum_wh,
    )


async def keep_unexplained(tx: Tx, route_no: str, read_date: date, unexplained: int) -> None:
    """Keep how many points of a route's cycle nobody had explained when it was closed: what comes later is told from now on."""
    await _set(tx, route_no, read_date, unexplained=unexplained)


async def lock_told(tx: Tx, days: Sequence[tuple[str, date]]) -> Sequence[Row[Any]]:
    """Return the cycles of routes for read dates whose closing was told, locked to the end of the unit of work."""
    keys: dict[str, list[Any]] = {"route_no": [day[0] for day in days], "read_date": [day[1] for day in days]}
    order = ROUTE_CYCLE.c.route_no, ROUTE_CYCLE.c.read_date
    told = ROUTE_CYCLE.c.unexplained.is_not(None)
    return await bulk.select_in(tx, ROUTE_CYCLE, keys, where=told, order_by=order, for_update=True)


async def note_unexplained(tx: Tx, given: Sequence[tuple[Row[Any], int, date | None]]) -> None:
    """Note how many points of locked cycles are unexplained by now, each as its next version, and when late reads came in."""
    columns: dict[str, list[Any]] = {
        "route_no": [row.route_no for row, _, _ in given],
        "read_date": [row.read_date for row, _, _ in given],
        "unexplained": [count for _, count, _ in given],
        "explained_version": [row.explained_version + 1 for row, _, _ in given],
        "uploaded_on": [came_in for _, _, came_in in given],
    }
    await bulk.update_from(tx, ROUTE_CYCLE, columns, key=("route_no", "read_date"))


async def _set(tx: Tx, route_no: str, read_date: date, **values: Any) -> None:
    mine = ROUTE_CYCLE.c.route_no == route_no, ROUTE_CYCLE.c.read_date == read_date
    await tx.execute(update(ROUTE_CYCLE).where(*mine).values(**values))
