"""Tasks, in and out: every function is one statement, or a part of one."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, String, and_, func, or_, select, update

from services.reading.base import by_name, equals
from services.reading.network.domain.installations import PointDay
from services.reading.tasks import tables
from services.reading.tasks.domain.tasks import (
    ASKED,
    CYCLE,
    ESTIMATED,
    LIFE,
    MISSED,
    OPEN,
    READ,
    SKIPPED,
    UNEXPLAINED,
    UNREAD,
    Task,
    TaskKey,
    TaskState,
    Totals,
    cycle_of,
)
from services.reading.tasks.store import reasons
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

TASK, ROUTE_CYCLE = tables.TASK, tables.ROUTE_CYCLE
KEY: tuple[ColumnElement[str], ColumnElement[date]] = TASK.c.service_point_no, TASK.c.read_date
"""Point and read date, for what another store looks up beside each task."""


async def by_key(view: View, keys: Sequence[TaskKey]) -> dict[TaskKey, Task]:
    """Return the tasks of pairs of point and read date."""
    return {task.key: task for task in map(task_of, by_name(await rows(view, keys)))}


async def rows(view: View, keys: Sequence[TaskKey], *, also: Sequence[ColumnElement[Any]] = ()) -> Sequence[Row[Any]]:
    """Return the rows of tasks, each with the other columns that are asked for; `task_of` makes a task of one."""
    return await bulk.select_in(
        view,
        TASK,
        {"service_point_no": [k[0] for k in keys], "read_date": [k[1] for k in keys]},
        columns=(*TASK.c, *also),
    )


def task_of(row: Mapping[str, Any]) -> Task:
    """Return the task of a row."""
    return Task(
        service_point_no=row["service_point_no"],
        read_date=row["read_date"],
        route_no=row["route_no"],
        cycle=row["cycle"],
        org_unit=row["org_unit"],
        kind=row["kind"],
        status=row["status"],
        usage_id=row["usage_id"],
        import_wh=row["import_wh"],
        reread=bool(row["reread"]),
    )


def with_status(statement: Select[Any], *, point: ColumnElement[str], day: ColumnElement[date]) -> Select[Any]:
    """Return the statement with the status of the task of each row's point and day, null where there is none."""
    mine = and_(TASK.c.service_point_no == point, TASK.c.read_date == day)
    return statement.add_columns(TASK.c.status).outerjoin(TASK, mine)


async def insert(
    tx: Tx, wanted: Sequence[PointDay], *, kind: str, cycles: Sequence[str] | None = None
) -> list[TaskKey]:
    """Make tasks for points and days, and return those that are new; without `cycles` each has the cycle of its day."""
    rows = await bulk.insert_ignore(
        tx,
        TASK,
        {
            "service_point_no": [each.service_point_no for each in wanted],
            "read_date": [each.day for each in wanted],
            "route_no": [each.route_no for each in wanted],
            "cycle": cycles or [cycle_of(each.day) for each in wanted],
            "org_unit": [each.org_unit for each in wanted],
            "kind": [kind] * len(wanted),
            "status": [LIFE.start(OPEN)] * len(wanted),
            "usage_id": [None] * len(wanted),
            "import_wh": [None] * len(wanted),
            "reread": [0] * len(wanted),
        },
        key=("service_point_no", "read_date"),
    )
    return [(row.service_point_no, row.read_date) for row in rows]


async def update_states(tx: Tx, states: Mapping[TaskKey, TaskState]) -> None:
    """Set status, usage and import energy of version 1, by point and read date."""
    await bulk.update_from(
        tx,
        TASK,
        {
            "service_point_no": [key[0] for key in states],
            "read_date": [key[1] for key in states],
            "status": [state.status for state in states.values()],
            "usage_id": [state.usage_id for state in states.values()],
            "import_wh": [state.import_wh for state in states.values()],
        },
        key=("service_point_no", "read_date"),
    )


async def end_rereads(tx: Tx, keys: Sequence[tuple[str, date]]) -> None:
    """Take the mark of a re-read from tasks of (point, read date)."""
    points, read_dates = [key[0] for key in keys], [key[1] for key in keys]
    done: dict[str, list[Any]] = {"service_point_no": points, "read_date": read_dates, "reread": [0] * len(keys)}
    await bulk.update_from(tx, TASK, done, key=("service_point_no", "read_date"))


async def mark_rereads(tx: Tx, wanted: Sequence[tuple[str, str]]) -> None:
    """Mark the last task of each (point, cycle) to be read again."""
    if not wanted:
        return
    given = travel.relation(
        tx,
        "given",
        {"point": (String(), [each[0] for each in wanted]), "cycle": (String(), [each[1] for each in wanted])},
    )
    own = TASK.alias("own")
    last = (
        select(func.max(own.c.read_date))
        .where(own.c.service_point_no == given.c.point, own.c.cycle == given.c.cycle)
        .scalar_subquery()
    )
    mine = (TASK.c.service_point_no == given.c.point) & (TASK.c.read_date == last)
    await tx.execute(update(TASK).values(reread=1).where(mine))


async def take_over(tx: Tx, planned: Sequence[PointDay]) -> None:
    """Make the tasks that are there on planned dates for another reason tasks of their routes."""
    await bulk.update_from(
        tx,
        TASK,
        {
            "service_point_no": [each.service_point_no for each in planned],
            "read_date": [each.day for each in planned],
            "route_no": [each.route_no for each in planned],
            "cycle": [cycle_of(each.day) for each in planned],
            "kind": [CYCLE] * len(planned),
        },
        key=("service_point_no", "read_date"),
        where=TASK.c.kind != CYCLE,
        partial=True,
    )


async def withdraw(tx: Tx, service_point_no: str, day: date) -> None:
    """Delete the task of an asked end."""
    await bulk.delete_in(
        tx, TASK, {"service_point_no": [service_point_no], "read_date": [day]}, where=TASK.c.kind == ASKED
    )


async def asked_and_open(view: View, since: Mapping[str, date]) -> list[TaskKey]:
    """Return the open tasks of asked ends, by point from a day on."""
    given = travel.relation(view, "given", {"point": (String(), list(since)), "day": (Date(), list(since.values()))})
    rows = await view.all(
        select(*KEY)
        .join(given, and_(TASK.c.service_point_no == given.c.point, TASK.c.read_date >= given.c.day))
        .where(TASK.c.kind == ASKED, TASK.c.status == OPEN)
    )
    return [(row.service_point_no, row.read_date) for row in rows]


def _of_cycle(route_no: str, read_date: date) -> ColumnElement[bool]:
    """Return the condition for the tasks of a read date of a route, and for those that cut its period.

    Nobody waits for the read of an asked end: it is one of them once it is there.
    """
    before = (
        select(func.max(ROUTE_CYCLE.c.read_date))
        .where(ROUTE_CYCLE.c.route_no == route_no, ROUTE_CYCLE.c.read_date < read_date)
        .scalar_subquery()
    )
    cuts = and_(TASK.c.kind != CYCLE, TASK.c.read_date < read_date, or_(before.is_(None), TASK.c.read_date > before))
    mine = and_(TASK.c.route_no == route_no, TASK.c.cycle == cycle_of(read_date))
    waited_for = or_(TASK.c.kind != ASKED, TASK.c.status == READ)
    return and_(mine, waited_for, or_(TASK.c.read_date == read_date, cuts))


async def unread(view: View, route_no: str, read_date: date) -> list[tuple[str, date]]:
    """Return (point, read date) of the tasks of a route's cycle that have no usable read."""
    rows = await view.all(
        select(TASK.c.service_point_no, TASK.c.read_date)
        .where(_of_cycle(route_no, read_date))
        .where(TASK.c.status.in_(UNREAD))
        .order_by(TASK.c.service_point_no, TASK.c.read_date)
    )
    return [(row.service_point_no, row.read_date) for row in rows]


async def totals(view: View, route_no: str, read_date: date) -> Totals:
    """Count the tasks of a route's cycle."""
    rows = await view.all(
        select(
            TASK.c.status,
            func.count().label("tasks"),
            func.count(TASK.c.import_wh).label("usages"),
            func.coalesce(func.sum(TASK.c.import_wh), 0).label("sum_wh"),
        )
        .where(_of_cycle(route_no, read_date))
        .group_by(TASK.c.status)
    )
    tasks = {row.status: int(row.tasks) for row in rows}
    return Totals(
        expected=sum(tasks.values()) - tasks.get(SKIPPED, 0),
        actual=tasks.get(READ, 0),
        estimated=tasks.get(ESTIMATED, 0),
        missed=tasks.get(MISSED, 0),
        usages=sum(int(row.usages) for row in rows),
        sum_wh=sum(int(row.sum_wh) for row in rows),
    )


async def unexplained(view: View, route_no: str, read_date: date) -> int:
    """Count the tasks of a route's cycle that have neither a read nor a reader's reason (有无遗漏)."""
    found = await view.scalar(
        select(func.count())
        .select_from(TASK)
        .where(_of_cycle(route_no, read_date))
        .where(TASK.c.status.in_(UNEXPLAINED), ~reasons.explains(TASK))
    )
    return int(found or 0)


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    route_no: str | None,
    cycle: str | None,
    status: str | None,
    service_point_no: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of tasks, in order of point and date, each with the reason why it could not be read."""
    task = TASK.c
    return await view.all(
        reasons.with_reason(TASK)
        .where(visible(task.org_unit), after(task.service_point_no, task.read_date))
        .where(equals(task.route_no, route_no), equals(task.cycle, cycle), equals(task.status, status))
        .where(equals(task.service_point_no, service_point_no))
        .order_by(task.service_point_no, task.read_date)
        .limit(limit)
    )


async def open_now(view: View) -> int:
    """Count the tasks that have no usable read yet; nobody waits for that of an asked end."""
    found = await view.scalar(select(func.count()).where(TASK.c.status.in_(UNREAD), TASK.c.kind != ASKED))
    return int(found)
