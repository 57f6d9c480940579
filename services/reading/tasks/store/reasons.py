"""Why points could not be read (未抄原因)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, select

from services.reading.tasks import tables
from shared.db import bulk
from shared.db.engine import View

UNREAD_REASON = tables.UNREAD_REASON


async def noted(view: View, task_ids: Sequence[str]) -> dict[str, str]:
    """Return the reason of each of the tasks that has one."""
    rows = await bulk.select_in(view, UNREAD_REASON, {"task_id": task_ids})
    return {row.task_id: row.reason for row in rows}


def _of_task(task: Table) -> ColumnElement[bool]:
    reason = UNREAD_REASON.c
    return and_(reason.service_point_no == task.c.service_point_no, reason.read_date == task.c.read_date)


def explains(task: Table) -> ColumnElement[bool]:
    """Return the condition that a task has a reason."""
    return select(UNREAD_REASON.c.task_id).where(_of_task(task)).exists()


def with_reason(task: Table) -> Select[Any]:
    """Return the statement for tasks, each with the reason why it could not be read."""
    both = task.outerjoin(UNREAD_REASON, _of_task(task))
    return select(*task.c, UNREAD_REASON.c.reason.label("unread_reason")).select_from(both)
