"""How far roll-outs have come on a day, as is known by now: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, case, func, not_, or_, select, true

from services.reading.base import below, equals
from services.reading.network.store import rolling_out
from services.reading.rollouts import tables
from services.reading.rollouts.domain.programme import DONE, FAILED, FITTED_BEFORE, PLANNED
from shared.db.columns import Condition
from shared.db.engine import View

ROLLOUT, POINT, FAILURE = tables.ROLLOUT, tables.POINT, tables.FAILURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which planned points are meant. `org_unit` with all below it, or it alone (`alone`); `overdue`: planned before the day."""

    programme_no: str | None = None
    org_unit: str | None = None
    alone: bool = False
    route_no: str | None = None
    state: str | None = None
    overdue: bool | None = None

    def of(self, row: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on rows."""
        unit = equals(row.org_unit, self.org_unit) if self.alone else below(row.org_unit, self.org_unit)
        late = true() if self.overdue is None else row.overdue == int(self.overdue)
        own = [equals(row.programme_no, self.programme_no), equals(row.route_no, self.route_no)]
        return [*own, unit, equals(row.state, self.state), late]


def _points(on: date) -> FromClause:
    """Return the points that are planned, with what became of them by a day."""
    mine = rolling_out.located(
        POINT.join(ROLLOUT, ROLLOUT.c.programme_no == POINT.c.programme_no), POINT.c.service_point_no
    )
    done_on, meter_no = rolling_out.since_of_type(POINT.c.service_point_no, ROLLOUT.c.meter_type, on)
    columns: list[ColumnElement[Any]] = [
        *(POINT.c.programme_no, POINT.c.service_point_no, POINT.c.planned_on, ROLLOUT.c.planned_count),
        *(POINT.c.replanned_on, ROLLOUT.c.starts_on),
        *(mine.org_unit, mine.route_no, done_on.label("done_on"), meter_no.label("meter_no")),
        *(_last(FAILURE.c.failed_on, on).label("failed_on"), _last(FAILURE.c.reason, on).label("reason")),
    ]
    known = select(*columns).select_from(mine.source).where(POINT.c.withdrawn_for.is_(None)).subquery("known").c
    has = known.done_on.is_not(None)
    answered = and_(known.failed_on <= known.replanned_on, known.failed_on < known.planned_on)
    stays_failed = and_(known.failed_on.is_not(None), or_(known.replanned_on.is_(None), not_(answered)))
    before = and_(has, known.done_on < known.starts_on)
    state = case((before, FITTED_BEFORE), (has, DONE), (stays_failed, FAILED), else_=PLANNED)
    overdue = case((has, 0), (known.planned_on < on, 1), else_=0)
    kept = [column for column in known if column.name not in ("starts_on", "replanned_on")]
    return select(*kept, state.label("state"), overdue.label("overdue")).subquery("planned")


def _last(column: ColumnElement[Any], on: date) -> ColumnElement[Any]:
    return (
        select(column)
        .where(
            FAILURE.c.programme_no == POINT.c.programme_no,
            FAILURE.c.service_point_no == POINT.c.service_point_no,
            FAILURE.c.failed_on <= on,
        )
        .order_by(FAILURE.c.failed_on.desc())
        .limit(1)
        .correlate(POINT)
        .scalar_subquery()
    )


async def listed(
    view: View, on: date, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of planned points, by programme and point."""
    row = _points(on).c
    order = row.programme_no, row.service_point_no
    return await view.all(
        select(*row).where(visible(row.org_unit), after(*order), *filters.of(row)).order_by(*order).limit(limit)
    )


async def by_unit(
    view: View, on: date, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of programmes and org units of their points, with how many are in each state, and overdue."""
    row = _points(on).c
    order = row.programme_no, row.org_unit
    counts = [func.max(row.planned_count).label("planned_count"), func.count().label("points")]
    states = DONE, FAILED, PLANNED, FITTED_BEFORE
    counts += [func.sum(case((row.state == state, 1), else_=0)).label(state) for state in states]
    return await view.all(
        select(*order, *counts, func.sum(row.overdue).label("overdue"))
        .where(visible(row.org_unit), after(*order), *filters.of(row))
        .group_by(*order)
        .order_by(*order)
        .limit(limit)
    )


async def planned_by_day(view: View, on: date, *, visible: Condition, filters: Filters) -> list[tuple[date, int]]:
    """Count planned points by the days for which they are planned."""
    row = _points(on).c
    return await _by_day(view, row.planned_on, select(row.planned_on), [visible(row.org_unit), *filters.of(row)])


async def done_by_day(view: View, on: date, *, visible: Condition, filters: Filters) -> list[tuple[date, int]]:
    """Count planned points by the days on which they got their new meters."""
    row = _points(on).c
    where = [visible(row.org_unit), row.state == DONE, *filters.of(row)]
    return await _by_day(view, row.done_on, select(row.done_on), where)


async def failed_by_day(view: View, on: date, *, visible: Condition, filters: Filters) -> list[tuple[date, int]]:
    """Count failures at planned points by their days, each of a point."""
    row = _points(on).c
    mine = (FAILURE.c.programme_no == row.programme_no) & (FAILURE.c.service_point_no == row.service_point_no)
    found = select(FAILURE.c.failed_on).join_from(FAILURE, row.planned_on.table, mine)
    where = [visible(row.org_unit), FAILURE.c.failed_on <= on, *filters.of(row)]
    return await _by_day(view, FAILURE.c.failed_on, found, where)


async def _by_day(
    view: View, day: ColumnElement[Any], found: Select[Any], where: Sequence[ColumnElement[bool]]
) -> list[tuple[date, int]]:
    rows = await view.all(found.add_columns(func.count().label("number")).where(*where).group_by(day))
    return [(row[0], int(row.number)) for row in rows]
