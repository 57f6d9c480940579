"""How tasks ended against their read day, as the database has it: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, case, func, select

from services.reading.adherence.domain.counts import Counts, Duty
from services.reading.base import equals
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.domain.reach import EARLY, LATE, ON_TIME, Reach
from services.reading.reads.store import visits
from services.reading.tasks.domain.tasks import ESTIMATED, MISSED, READ
from services.reading.tasks.store import tasks
from shared.db.columns import Condition
from shared.db.engine import View

OPEN = "open"
UNREAD = "unread"


def _visited(
    view: View, duties: Sequence[Duty], reaches: Sequence[Reach], without: Sequence[ReadKey]
) -> tuple[FromClause, ColumnElement[str]]:
    """Return the tasks of duties, each with the read that is nearest to its day, and how it ended.

    One without a read of its own that is read all the same is on time: by a meter that went that day.
    """
    given = [(each.route_no, each.read_date, each.cycle, each.reader) for each in duties]
    visited = visits.nearest(view, tasks.of_duties(view, given), reaches, without)
    status = visited.c.status
    without_read = case((status == READ, ON_TIME), (status.in_((ESTIMATED, MISSED)), UNREAD), else_=OPEN)
    return visited, func.coalesce(visited.c.outcome, without_read)


async def counted(
    view: View, duties: Sequence[Duty], reaches: Sequence[Reach], without: Sequence[ReadKey], *, visible: Condition
) -> dict[tuple[str, date], Counts]:
    """Count the tasks of duties by their ends, by route and read date."""
    if not duties:
        return {}
    visited, outcome = _visited(view, duties, reaches, without)
    task = visited.c
    by_other = (task.reader != task.planned_reader).label("by_other")
    each = select(task.route_no, task.read_date, task.status, outcome.label("ended"), by_other)
    one = each.where(visible(task.org_unit)).subquery("one")

    def number(where: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.sum(case((where, 1), else_=0))

    named = [number(one.c.ended == name).label(name) for name in (EARLY, ON_TIME, LATE, UNREAD, OPEN)]
    rows = await view.all(
        select(
            one.c.route_no,
            one.c.read_date,
            func.count().label("expected"),
            *named,
            number(one.c.status == ESTIMATED).label("estimated"),
            number(one.c.status == MISSED).label("missed"),
            number(one.c.by_other).label("read_by_others"),
        ).group_by(one.c.route_no, one.c.read_date)
    )
    return {(row.route_no, row.read_date): _counts(row) for row in rows}


def _counts(row: Row[Any]) -> Counts:
    names = [name for name in Counts.__dataclass_fields__ if name != "wrong"]
    return Counts(**{name: int(row._mapping[name]) for name in names})


async def every(
    view: View, duties: Sequence[Duty], reaches: Sequence[Reach], without: Sequence[ReadKey]
) -> Sequence[Row[Any]]:
    """Return the tasks of duties with their ends, by point and read date."""
    visited, ended = _visited(view, duties, reaches, without)
    columns = [column for column in visited.c if column.name != "outcome"]
    return await view.all(select(*columns, ended.label("outcome")).order_by(visited.c.point, visited.c.read_date))


async def listed(
    view: View,
    duties: Sequence[Duty],
    reaches: Sequence[Reach],
    without: Sequence[ReadKey],
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    outcome: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of the tasks of duties with their ends, by route, read date and point."""
    if not duties:
        return []
    visited, ended = _visited(view, duties, reaches, without)
    task, order = visited.c, (visited.c.route_no, visited.c.read_date, visited.c.point)
    return await view.all(
        select(*(column for column in task if column.name != "outcome"), ended.label("outcome"))
        .where(visible(task.org_unit), after(*order), equals(ended, outcome))
        .order_by(*order)
        .limit(limit)
    )
