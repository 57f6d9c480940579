"""Why points could not be read (未抄原因)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, FromClause, Row, Select, Table, and_, func, select

from services.reading.tasks import tables
from services.reading.tasks.domain.reasons import NO_REASON, UnreadReason
from services.reading.tasks.domain.tasks import CYCLE, UNEXPLAINED
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

TASK, UNREAD_REASON = tables.TASK, tables.UNREAD_REASON


def _of_task(task: Table) -> ColumnElement[bool]:
    reason = UNREAD_REASON.c
    there = reason.reason != NO_REASON
    return and_(reason.service_point_no == task.c.service_point_no, reason.read_date == task.c.read_date, there)


def explains(task: Table) -> ColumnElement[bool]:
    """Return the condition that a task has a reason."""
    return select(UNREAD_REASON.c.task_id).where(_of_task(task)).correlate(task).exists()


def is_missing() -> ColumnElement[bool]:
    """Return the condition that a task has neither a read nor a reason (有无遗漏)."""
    return and_(TASK.c.kind == CYCLE, TASK.c.status.in_(UNEXPLAINED), ~explains(TASK))


async def missing(view: View, days: Sequence[tuple[str, date]]) -> dict[tuple[str, date], int]:
    """Count the tasks of routes' planned dates that have neither a read nor a reason."""
    route_nos, read_dates = [day[0] for day in days], [day[1] for day in days]
    given = travel.relation(view, "given", {"route_no": (columns.No, route_nos), "read_date": (Date(), read_dates)})
    mine = and_(TASK.c.route_no == given.c.route_no, TASK.c.read_date == given.c.read_date)
    rows = await view.all(
        select(TASK.c.route_no, TASK.c.read_date, func.count().label("tasks"))
        .select_from(given.join(TASK, mine))
        .where(is_missing())
        .group_by(TASK.c.route_no, TASK.c.read_date)
    )
    return dict.fromkeys(days, 0) | {(row.route_no, row.read_date): int(row.tasks) for row in rows}


def with_reason(
    task: Table, *, source: FromClause | None = None, also: Sequence[ColumnElement[Any]] = ()
) -> Select[Any]:
    """Return the statement for tasks, each with the reason why it could not be read; `source` joins more to them."""
    both = (task if source is None else source).outerjoin(UNREAD_REASON, _of_task(task))
    return select(*task.c, UNREAD_REASON.c.reason.label("unread_reason"), *also).select_from(both)


async def stored(tx: Tx, task_ids: Sequence[str]) -> dict[str, tuple[UnreadReason, int]]:
    """Return reasons and their versions by task, locked to the end of the unit of work."""
    table = UNREAD_REASON
    rows = await bulk.select_in(tx, table, {"task_id": task_ids}, order_by=(table.c.task_id,), for_update=True)
    return {row.task_id: (_reason(row), row.version) for row in rows}


async def put(tx: Tx, given: Sequence[tuple[UnreadReason, int]]) -> set[str]:
    """Insert or replace reasons, each with its new version, and return the tasks whose reasons were applied."""
    reasons = [reason for reason, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        UNREAD_REASON,
        {
            "task_id": [each.task_id for each in reasons],
            "service_point_no": [each.service_point_no for each in reasons],
            "read_date": [each.read_date for each in reasons],
            "org_unit": [each.org_unit for each in reasons],
            "reason": [each.reason for each in reasons],
            "noted_by": [each.noted_by for each in reasons],
            "version": [version for _, version in given],
        },
        key=("task_id",),
    )
    return {row.task_id for row in applied}


def _reason(row: Row[Any]) -> UnreadReason:
    return UnreadReason(
        service_point_no=row.service_point_no,
        read_date=row.read_date,
        org_unit=row.org_unit,
        reason=row.reason,
        noted_by=row.noted_by,
    )
