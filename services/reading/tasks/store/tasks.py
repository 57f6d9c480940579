"""Tasks, in and out: every function is one statement, or a part of one."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Row, Select, String, and_, case, func, select, true, update

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
    PLANNED,
    READ,
    UNREAD,
    Counts,
    Task,
    TaskKey,
    TaskState,
    cycle_of,
)
from services.reading.tasks.store import reasons
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.frozen import document

TASK, ROUTE_CYCLE, ASKED_END = tables.TASK, tables.ROUTE_CYCLE, tables.ASKED_END
Beside = Callable[[ColumnElement[str], ColumnElement[date]], ColumnElement[Any]]
"""A column of another store, of a point and a day."""
OfDay = Callable[[ColumnElement[str], ColumnElement[date]], ColumnElement[str]]
"""A column of another store, of a route and a day."""


async def by_key(view: View, keys: Sequence[TaskKey]) -> dict[TaskKey, Task]:
    """Return the tasks of pairs of point and read date."""
    rows = await bulk.select_in(
        view, TASK, {"service_point_no": [k[0] for k in keys], "read_date": [k[1] for k in keys]}
    )
    return {task.key: task for task in map(task_of, by_name(rows))}


async def beside(view: View, keys: Sequence[TaskKey], *, also: Beside) -> Sequence[Row[Any]]:
    """Return, for points and days, the task of that day, and another's column.

    Columns `point`, `day`, those of a task, null where there is none, and `other_end`, the day of another task: the last before
    the day where it has a task, else the last of all (a second look-up would cost as much as the rest of the row).
    """
    given = travel.relation(
        view, "given", {"point": (String(), [k[0] for k in keys]), "day": (Date(), [k[1] for k in keys])}
    )
    other = TASK.alias("other")
    own = select(func.max(other.c.read_date)).where(other.c.service_point_no == given.c.point).correlate(given)
    before = own.where(other.c.read_date < given.c.day).scalar_subquery()
    other_end = case((TASK.c.kind.is_not(None), before), else_=own.scalar_subquery()).label("other_end")
    mine = and_(TASK.c.service_point_no == given.c.point, TASK.c.read_date == given.c.day)
    return await view.all(
        select(given.c.point, given.c.day, other_end, also(given.c.point, given.c.day), *TASK.c)
        .select_from(given)
        .outerjoin(TASK, mine)
    )


@document
class Ending:
    """A task beside what decides on it: whether its window is closed, whether an end was asked for on its day, and why it was
    not read, as a reader noted it."""

    task: Task
    closed: bool
    asked: bool
    reason: str


async def with_reasons(
    view: View, service_point_nos: Sequence[str], since: date, to: date
) -> dict[str, list[tuple[Task, str]]]:
    """Return the tasks of points for read dates of their routes from `since` to `to`, in order, each with why it was not read."""
    given = travel.relation_for(view, TASK, {"service_point_no": list(service_point_nos)})
    source = TASK.join(given, given.c.service_point_no == TASK.c.service_point_no)
    wanted = reasons.with_reason(TASK, source=source).where(
        TASK.c.kind == CYCLE, TASK.c.read_date >= since, TASK.c.read_date <= to
    )
    found: dict[str, list[tuple[Task, str]]] = {}
    for row in by_name(await view.all(wanted.order_by(TASK.c.service_point_no, TASK.c.read_date))):
        found.setdefault(row["service_point_no"], []).append((task_of(row), row["unread_reason"] or ""))
    return found


async def endings(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Ending]]:
    """Return all tasks of points, in order of their days."""
    given = travel.relation_for(view, TASK, {"service_point_no": list(service_point_nos)})
    cycle = and_(ROUTE_CYCLE.c.route_no == TASK.c.route_no, ROUTE_CYCLE.c.read_date == TASK.c.read_date)
    end = ASKED_END.c
    asked = and_(end.service_point_no == TASK.c.service_point_no, end.day == TASK.c.read_date, end.withdrawn.is_(None))
    mine = TASK.join(given, given.c.service_point_no == TASK.c.service_point_no)
    source = mine.outerjoin(ROUTE_CYCLE, cycle).outerjoin(ASKED_END, asked)
    rows = await view.all(
        reasons.with_reason(TASK, source=source, also=[ROUTE_CYCLE.c.closed_on, end.day.label("asked")]).order_by(
            TASK.c.service_point_no, TASK.c.read_date
        )
    )
    found: dict[str, list[Ending]] = {}
    for row in by_name(rows):
        ending = Ending(
            task=task_of(row),
            closed=row["closed_on"] is not None,
            asked=row["asked"] is not None,
            reason=row["unread_reason"] or "",
        )
        found.setdefault(row["service_point_no"], []).append(ending)
    return found


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
        reread=bool(row["reread"]),
        months=row["months"],
    )


def with_status(statement: Select[Any], *, point: ColumnElement[str], day: ColumnElement[date]) -> Select[Any]:
    """Return the statement with the status of the task of each row's point and day, null where there is none."""
    mine = and_(TASK.c.service_point_no == point, TASK.c.read_date == day)
    return statement.add_columns(TASK.c.status).outerjoin(TASK, mine)


async def insert(
    tx: Tx, wanted: Sequence[PointDay], *, kind: str, cycles: Sequence[str] | None = None, months: Sequence[int] = ()
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
            "reread": [0] * len(wanted),
            "months": months or [1] * len(wanted),
        },
        key=("service_point_no", "read_date"),
    )
    return [(row.service_point_no, row.read_date) for row in rows]


async def plan(tx: Tx, wanted: Mapping[PointDay, int]) -> tuple[list[TaskKey], list[TaskKey]]:
    """Make the tasks of planned dates, each with the months that it closes.

    Return those that are new, and those that were there for another reason till now.
    """
    new = await insert(tx, list(wanted), kind=CYCLE, months=list(wanted.values()))
    made = set(new)
    there = [key for each in wanted if (key := (each.service_point_no, each.day)) not in made]
    if not there:
        return new, []
    rows = await bulk.select_in(
        tx,
        TASK,
        {"service_point_no": [key[0] for key in there], "read_date": [key[1] for key in there]},
        where=TASK.c.kind.not_in(PLANNED),
    )
    taken = {(row.service_point_no, row.read_date) for row in rows}
    planned = [each for each in wanted if (each.service_point_no, each.day) in taken]
    await bulk.update_from(
        tx,
        TASK,
        {
            "service_point_no": [each.service_point_no for each in planned],
            "read_date": [each.day for each in planned],
            "route_no": [each.route_no for each in planned],
            "cycle": [cycle_of(each.day) for each in planned],
            "kind": [CYCLE] * len(planned),
            "months": [wanted[each] for each in planned],
        },
        key=("service_point_no", "read_date"),
    )
    return new, sorted(taken)


async def of_other_routes(view: View, route_of: Mapping[str, str]) -> set[str]:
    """Return those of some points that have a task of another route than the given one."""
    given = travel.relation(
        view, "given", {"point": (String(), list(route_of)), "route_no": (String(), list(route_of.values()))}
    )
    other = and_(TASK.c.service_point_no == given.c.point, TASK.c.route_no != given.c.route_no)
    return {row.point for row in await view.all(select(given.c.point).distinct().select_from(given.join(TASK, other)))}


async def update_states(tx: Tx, states: Mapping[TaskKey, TaskState]) -> None:
    """Set status and usage, by point and read date."""
    await bulk.update_from(
        tx,
        TASK,
        {
            "service_point_no": [key[0] for key in states],
            "read_date": [key[1] for key in states],
            "status": [state.status for state in states.values()],
            "usage_id": [state.usage_id for state in states.values()],
        },
        key=("service_point_no", "read_date"),
    )


async def set_kinds(tx: Tx, kinds: Mapping[TaskKey, str]) -> None:
    """Set what tasks are for, by point and read date."""
    columns: dict[str, list[Any]] = {"service_point_no": [k[0] for k in kinds], "read_date": [k[1] for k in kinds]}
    await bulk.update_from(tx, TASK, columns | {"kind": list(kinds.values())}, key=("service_point_no", "read_date"))


async def end_rereads(tx: Tx, keys: Sequence[tuple[str, date]]) -> None:
    """Take the mark of a re-read from tasks of (point, read date)."""
    points, read_dates = [key[0] for key in keys], [key[1] for key in keys]
    done: dict[str, list[Any]] = {"service_point_no": points, "read_date": read_dates, "reread": [0] * len(keys)}
    await bulk.update_from(tx, TASK, done, key=("service_point_no", "read_date"))


async def mark_rereads(tx: Tx, wanted: Sequence[tuple[str, str]]) -> None:
    """Mark the last task of each (point, cycle) to be read again."""
    if not wanted:
        return
    given = _cycles(tx, wanted)
    own = TASK.alias("own")
    last = (
        select(func.max(own.c.read_date))
        .where(own.c.service_point_no == given.c.point, own.c.cycle == given.c.cycle)
        .scalar_subquery()
    )
    mine = (TASK.c.service_point_no == given.c.point) & (TASK.c.read_date == last)
    await tx.execute(update(TASK).values(reread=1).where(mine))


async def unmark_rereads(tx: Tx, wanted: Sequence[tuple[str, str]]) -> None:
    """Take the mark of a re-read from the tasks of each (point, cycle)."""
    if not wanted:
        return
    given = _cycles(tx, wanted)
    mine = (TASK.c.service_point_no == given.c.point) & (TASK.c.cycle == given.c.cycle)
    await tx.execute(update(TASK).values(reread=0).where(mine, TASK.c.reread == 1))


def _cycles(tx: Tx, wanted: Sequence[tuple[str, str]]) -> Any:
    points, cycles = [each[0] for each in wanted], [each[1] for each in wanted]
    return travel.relation(tx, "given", {"point": (String(), points), "cycle": (String(), cycles)})


def cycle_of_task(point: ColumnElement[str], read_date: ColumnElement[date]) -> ColumnElement[str]:
    """Return the cycle of the task of a point and date, as a part of a statement."""
    mine = (TASK.c.service_point_no == point) & (TASK.c.read_date == read_date)
    return select(TASK.c.cycle).where(mine).scalar_subquery()


async def withdraw(tx: Tx, service_point_no: str, day: date) -> None:
    """Delete the task of an asked end."""
    await bulk.delete_in(
        tx, TASK, {"service_point_no": [service_point_no], "read_date": [day]}, where=TASK.c.kind == ASKED
    )


async def unread(view: View, route_no: str, read_date: date) -> list[TaskKey]:
    """Return the tasks of a route's planned date that have no usable read."""
    rows = await view.all(
        select(TASK.c.service_point_no, TASK.c.read_date)
        .where(TASK.c.route_no == route_no, TASK.c.read_date == read_date, TASK.c.kind == CYCLE)
        .where(TASK.c.status.in_(UNREAD))
        .order_by(TASK.c.service_point_no, TASK.c.read_date)
    )
    return [(row.service_point_no, row.read_date) for row in rows]


async def delete(tx: Tx, keys: Sequence[TaskKey]) -> None:
    """Delete tasks on contract dates that are none any more."""
    await bulk.delete_in(tx, TASK, {"service_point_no": [k[0] for k in keys], "read_date": [k[1] for k in keys]})


async def keep_for_asked_ends(tx: Tx, keys: Sequence[TaskKey]) -> None:
    """Let tasks on contract dates that are none any more stand for the ends that were asked for on these days."""
    points, days = [key[0] for key in keys], [key[1] for key in keys]
    columns: dict[str, list[Any]] = {"service_point_no": points, "read_date": days, "kind": [ASKED] * len(keys)}
    await bulk.update_from(tx, TASK, columns, key=("service_point_no", "read_date"))


async def counts(view: View, route_no: str, read_date: date) -> Counts:
    """Count the tasks of a route's planned date by what became of them."""
    rows = await view.all(
        select(TASK.c.status, func.count().label("tasks"))
        .where(TASK.c.route_no == route_no, TASK.c.read_date == read_date, TASK.c.kind == CYCLE)
        .group_by(TASK.c.status)
    )
    tasks = {row.status: int(row.tasks) for row in rows}
    return Counts(
        expected=sum(tasks.values()),
        actual=tasks.get(READ, 0),
        estimated=tasks.get(ESTIMATED, 0),
        missed=tasks.get(MISSED, 0),
    )


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
    planned: OfDay,
    planned_reader: str | None,
    is_unexplained: bool = False,
) -> Sequence[Row[Any]]:
    """Return a page of tasks, in order of point and date, each with the reason why it could not be read.

    `planned`: who was to read a route on a day, as another store has it. `is_unexplained`: those with neither read nor reason.
    """
    task = TASK.c
    reader = planned(task.route_no, task.read_date)
    return await view.all(
        reasons.with_reason(TASK, also=[reader.label("planned_reader")])
        .where(true() if planned_reader is None else reader == planned_reader)
        .where(visible(task.org_unit), after(task.service_point_no, task.read_date))
        .where(equals(task.route_no, route_no), equals(task.cycle, cycle), equals(task.status, status))
        .where(equals(task.service_point_no, service_point_no), reasons.is_missing() if is_unexplained else true())
        .order_by(task.service_point_no, task.read_date)
        .limit(limit)
    )


def of_duties(view: View, duties: Sequence[tuple[str, date, str, str | None]]) -> FromClause:
    """Return the tasks of routes on read dates, given with their cycle and who was to read them, as a part of a statement.

    Columns `point`, `read_date`, `route_no`, `cycle`, `org_unit`, `status`, `planned_reader`.
    """
    given = travel.relation(
        view,
        "duty",
        {
            "route_no": (String(), [each[0] for each in duties]),
            "read_date": (Date(), [each[1] for each in duties]),
            "cycle": (String(), [each[2] for each in duties]),
            "reader": (String(), [each[3] for each in duties]),
        },
    )
    task, duty = TASK.c, given.c
    mine = and_(task.route_no == duty.route_no, task.cycle == duty.cycle, task.read_date == duty.read_date)
    shown = [task.read_date, task.route_no, task.cycle, task.org_unit, task.status]
    return (
        select(task.service_point_no.label("point"), *shown, duty.reader.label("planned_reader"))
        .select_from(TASK.join(given, mine))
        .where(task.kind == CYCLE)
        .subquery("duty_task")
    )


async def open_now(view: View) -> int:
    """Count the tasks that have no usable read yet; nobody waits for that of an asked end."""
    found = await view.scalar(select(func.count()).where(TASK.c.status.in_(UNREAD), TASK.c.kind == CYCLE))
    return int(found)
