"""Routes and their cycles, in and out: every function is one statement, unless it says more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, String, and_, func, or_, select, update

from services.reading.adapters import store
from shared.db import bulk
from shared.db.engine import Tx, View


async def lock_route(tx: Tx, route_no: str) -> Row[Any] | None:
    """Lock a route, and return its row."""
    await bulk.lock(tx, store.ROUTE, {"route_no": [route_no]})
    return await tx.first(select(store.ROUTE).where(store.ROUTE.c.route_no == route_no))


async def is_closed(view: View, route_no: str, cycle: str) -> bool:
    """Return whether the window of a route in a cycle has been closed."""
    row = await view.first(
        select(store.ROUTE_CYCLE.c.closed_on).where(
            store.ROUTE_CYCLE.c.route_no == route_no, store.ROUTE_CYCLE.c.cycle == cycle
        )
    )
    return row is not None and row.closed_on is not None


async def insert_route_cycle(tx: Tx, route_no: str, cycle: str, org_unit: str, read_date: date) -> None:
    """Open a route's cycle, if it is not open yet."""
    zero = {name: [0] for name in ("expected", "actual", "estimated", "missed", "usages", "sum_wh")}
    row: dict[str, list[Any]] = {"route_no": [route_no], "cycle": [cycle], "org_unit": [org_unit]}
    row |= {"read_date": [read_date], "closed_on": [None], **zero}
    await bulk.insert_ignore(tx, store.ROUTE_CYCLE, row, key=("route_no", "cycle"))


async def points_to_read(view: View, route_no: str, read_date: date) -> list[tuple[str, str]]:
    """Return (point, org unit) of a route where a meter was installed before a date and is there on it."""
    rows = await view.all(
        select(store.POINT.c.service_point_no, store.POINT.c.org_unit)
        .distinct()
        .join(store.INSTALLATION, store.INSTALLATION.c.service_point_no == store.POINT.c.service_point_no)
        .where(
            store.POINT.c.route_no == route_no,
            store.INSTALLATION.c.installed_on < read_date,
            or_(store.INSTALLATION.c.removed_on.is_(None), store.INSTALLATION.c.removed_on >= read_date),
        )
        .order_by(store.POINT.c.service_point_no)
    )
    return [(row.service_point_no, row.org_unit) for row in rows]


async def cycles_due(view: View, closed_before: Sequence[tuple[date, date]]) -> list[tuple[str, str]]:
    """Return (route, cycle) of the open cycles whose read date is in one of [from, to)."""
    due = or_(
        *(
            (store.ROUTE_CYCLE.c.read_date >= start) & (store.ROUTE_CYCLE.c.read_date < end)
            for start, end in closed_before
        )
    )
    rows = await view.all(
        select(store.ROUTE_CYCLE.c.route_no, store.ROUTE_CYCLE.c.cycle)
        .where(store.ROUTE_CYCLE.c.closed_on.is_(None), due)
        .order_by(store.ROUTE_CYCLE.c.read_date, store.ROUTE_CYCLE.c.route_no)
    )
    return [(row.route_no, row.cycle) for row in rows]


async def unread_tasks(view: View, route_no: str, cycle: str) -> list[tuple[str, date]]:
    """Return (point, read date) of the tasks of a route's cycle that have no usable read."""
    rows = await view.all(
        select(store.TASK.c.service_point_no, store.TASK.c.read_date)
        .where(store.TASK.c.route_no == route_no, store.TASK.c.cycle == cycle)
        .where(store.TASK.c.status.in_(("open", "suspect")))
        .order_by(store.TASK.c.service_point_no, store.TASK.c.read_date)
    )
    return [(row.service_point_no, row.read_date) for row in rows]


@dataclass(frozen=True, slots=True)
class Totals:
    """The tasks of a route's cycle, counted; `usages` and `sum_wh` are of version 1."""

    expected: int
    actual: int
    estimated: int
    missed: int
    usages: int
    sum_wh: int


async def totals(view: View, route_no: str, cycle: str) -> Totals:
    """Count the tasks of a route's cycle."""
    rows = await view.all(
        select(
            store.TASK.c.status,
            func.count().label("tasks"),
            func.count(store.TASK.c.import_wh).label("usages"),
            func.coalesce(func.sum(store.TASK.c.import_wh), 0).label("sum_wh"),
        )
        .where(store.TASK.c.route_no == route_no, store.TASK.c.cycle == cycle)
        .group_by(store.TASK.c.status)
    )
    tasks = {row.status: int(row.tasks) for row in rows}
    return Totals(
        expected=sum(tasks.values()) - tasks.get("skipped", 0),
        actual=tasks.get("read", 0),
        estimated=tasks.get("estimated", 0),
        missed=tasks.get("missed", 0),
        usages=sum(int(row.usages) for row in rows),
        sum_wh=sum(int(row.sum_wh) for row in rows),
    )


def _reason_of_task() -> ColumnElement[bool]:
    reason = store.UNREAD_REASON.c
    return and_(reason.service_point_no == store.TASK.c.service_point_no, reason.read_date == store.TASK.c.read_date)


async def unexplained(view: View, route_no: str, cycle: str) -> int:
    """Count the tasks of a route's cycle that have neither a read nor a reader's reason (有无遗漏)."""
    explained = select(store.UNREAD_REASON.c.task_id).where(_reason_of_task()).exists()
    found = await view.scalar(
        select(func.count())
        .select_from(store.TASK)
        .where(store.TASK.c.route_no == route_no, store.TASK.c.cycle == cycle)
        .where(store.TASK.c.status.in_(("open", "suspect", "estimated", "missed")), ~explained)
    )
    return int(found or 0)


def tasks_with_reasons() -> Select[Any]:
    """Return the statement for tasks, each with the reason why it could not be read."""
    both = store.TASK.outerjoin(store.UNREAD_REASON, _reason_of_task())
    return select(*store.TASK.c, store.UNREAD_REASON.c.reason.label("unread_reason")).select_from(both)


async def close(tx: Tx, route_no: str, cycle: str, closed_on: date, found: Totals) -> None:
    """Close a route's cycle with its totals."""
    values = {name: getattr(found, name) for name in ("expected", "actual", "estimated", "missed", "usages", "sum_wh")}
    await tx.execute(
        update(store.ROUTE_CYCLE)
        .where(store.ROUTE_CYCLE.c.route_no == route_no, store.ROUTE_CYCLE.c.cycle == cycle)
        .values(closed_on=closed_on, **values)
    )


async def route_cycle(view: View, route_no: str, cycle: str) -> Row[Any] | None:
    """Return a route's cycle."""
    mine = (store.ROUTE_CYCLE.c.route_no == route_no) & (store.ROUTE_CYCLE.c.cycle == cycle)
    return await view.first(select(store.ROUTE_CYCLE).where(mine))


async def points_to_cut(view: View, days: Sequence[tuple[str, date]]) -> list[tuple[str, str, str, date]]:
    """Return (point, route, org unit, day) for those of (point, day) before which a meter was installed, and is there."""
    if not days:
        return []
    given = bulk.relation(
        view, "given", {"point": (String(), [day[0] for day in days]), "day": (Date(), [day[1] for day in days])}
    )
    rows = await view.all(
        select(given.c.point, store.POINT.c.route_no, store.POINT.c.org_unit, given.c.day)
        .distinct()
        .select_from(given)
        .join(store.POINT, store.POINT.c.service_point_no == given.c.point)
        .join(store.INSTALLATION, store.INSTALLATION.c.service_point_no == given.c.point)
        .where(
            store.INSTALLATION.c.installed_on < given.c.day,
            or_(store.INSTALLATION.c.removed_on.is_(None), store.INSTALLATION.c.removed_on >= given.c.day),
        )
    )
    return [(row.point, row.route_no, row.org_unit, row.day) for row in rows]


async def mark_rereads(tx: Tx, wanted: Sequence[tuple[str, str]]) -> None:
    """Mark the tasks of (point, cycle) to be read again."""
    if not wanted:
        return
    given = bulk.relation(
        tx,
        "given",
        {"point": (String(), [each[0] for each in wanted]), "cycle": (String(), [each[1] for each in wanted])},
    )
    mine = (store.TASK.c.service_point_no == given.c.point) & (store.TASK.c.cycle == given.c.cycle)
    await tx.execute(update(store.TASK).values(reread=1).where(mine))
