"""Scorecards and what they count, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Date, Row, and_, case, exists, func, insert, literal, select, true

from services.reading.base import below, equals
from services.reading.scorecards import tables
from services.reading.scorecards.domain import rows as domain
from services.reading.scorecards.domain.rows import DISPUTE, NOBODY, TASK, WRONG, Figure
from services.reading.tasks.domain.tasks import ESTIMATED, MISSED
from services.reading.wrong_reads.domain import BY_READER
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

CARD, ROW = tables.CARD, tables.ROW
_PLAIN: Final = (
    *("kind", "subject", "route_no", "reader", "org_unit", "service_point_no", "day", "ended", "status", "read_by"),
    *("fault", "fix_days"),
)
_ERROR: Final = and_(ROW.c.kind == WRONG, ROW.c.fault == BY_READER)
_COUNTS: Final[Mapping[Figure, ColumnElement[bool]]] = {
    "expected": ROW.c.kind == TASK,
    "early": ROW.c.ended == "early",
    "on_time": ROW.c.ended == "on_time",
    "late": ROW.c.ended == "late",
    "unread": ROW.c.ended == "unread",
    "open": ROW.c.ended == "open",
    "read_by_others": and_(ROW.c.reader != NOBODY, ROW.c.read_by != ROW.c.reader),
    "estimated": ROW.c.status == ESTIMATED,
    "missed": ROW.c.status == MISSED,
    "wrong": _ERROR,
    "serious": ROW.c.serious == 1,
    "fixed_same_day": and_(_ERROR, ROW.c.fix_days == 0),
    "disputes_confirmed": ROW.c.kind == DISPUTE,
}
"""Which rows a figure counts."""
FIGURES: Final = (*_COUNTS, "fix_days")
"""`fix_days` is a sum: business days from found to fixed, over all that `wrong` counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which scorecards of a month a list shows."""

    month: str
    route_no: str | None = None
    reader: str | None = None
    org_unit: str | None = None

    def of(self, table: Any, visible: Condition) -> list[ColumnElement[bool]]:
        """Return the conditions on rows of a table."""
        row = table.c
        mine = [equals(row.route_no, self.route_no), equals(row.reader, self.reader)]
        return [row.month == self.month, visible(row.org_unit), below(row.org_unit, self.org_unit), *mine]


async def keep(tx: Tx, month: str, rows: Sequence[domain.Row]) -> None:
    """Write what the scorecards of a month count."""
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in rows] for name in _PLAIN}
    columns |= {"month": [month] * len(rows), "serious": [int(each.serious) for each in rows]}
    columns["details"] = [
        orjson.dumps(each.details, option=orjson.OPT_SORT_KEYS).decode() if each.details else "{}" for each in rows
    ]
    await bulk.insert_rows(tx, ROW, columns)


async def add_up(tx: Tx, month: str, route_no: str, *, made_on: date) -> int:
    """Write the scorecards of a route in a month by what they count, and return how many there are."""
    head = [literal(month), literal(route_no), ROW.c.reader, ROW.c.org_unit, literal(made_on, Date())]
    counts = [_sum(where, literal(1)) for where in _COUNTS.values()]
    sums = select(*head, *counts, _sum(_ERROR, ROW.c.fix_days)).where(ROW.c.month == month, ROW.c.route_no == route_no)
    names = ["month", "route_no", "reader", "org_unit", "made_on", *FIGURES]
    return await tx.execute(
        insert(CARD).from_select(names, sums.group_by(ROW.c.reader, ROW.c.org_unit), include_defaults=False)
    )


def _sum(where: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((where, value), else_=0)), 0)


async def first_month(view: View) -> str | None:
    """Return the first month that has a scorecard."""
    found: str | None = await view.scalar(select(func.min(CARD.c.month)))
    return found


async def made(view: View, months: Sequence[str]) -> set[tuple[str, str]]:
    """Return (month, route) of the scorecards of months."""
    rows = await view.all(select(CARD.c.month, CARD.c.route_no).where(CARD.c.month.in_(months)).distinct())
    return {(row.month, row.route_no) for row in rows}


async def counted(view: View, rows: Sequence[domain.Row]) -> set[tuple[str, str]]:
    """Return (kind, subject) of those of some rows that a scorecard has counted."""
    keys: dict[str, list[Any]] = {"kind": [each.kind for each in rows], "subject": [each.subject for each in rows]}
    found = await bulk.select_in(view, ROW, keys, columns=(ROW.c.kind, ROW.c.subject))
    return {(row.kind, row.subject) for row in found}


def counts_task(point: ColumnElement[str], read_date: ColumnElement[date]) -> ColumnElement[Any]:
    """Return the condition that a scorecard has counted the task of a point and date, as a part of a statement."""
    return exists().where(ROW.c.service_point_no == point, ROW.c.day == read_date, ROW.c.kind == TASK)


async def errors_at(view: View, points_and_days: Sequence[tuple[str, date]]) -> list[domain.Row]:
    """Return the errors of readers that scorecards have counted, of reads of points that count for days."""
    keys: dict[str, list[Any]] = {
        "service_point_no": [each[0] for each in points_and_days],
        "day": [each[1] for each in points_and_days],
    }
    return [_row(row) for row in await bulk.select_in(view, ROW, keys, where=_ERROR)]


def _row(row: Row[Any]) -> domain.Row:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return domain.Row(**plain, serious=bool(row.serious), details=orjson.loads(row.details))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of the scorecards of a month, by route, reader and org unit."""
    order = CARD.c.route_no, CARD.c.reader, CARD.c.org_unit
    return await view.all(select(CARD).where(*filters.of(CARD, visible), after(*order)).order_by(*order).limit(limit))


async def by_reader(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of the readers of a month, each with the sum of the scorecards on all routes."""
    reader = CARD.c.reader
    sums = [func.sum(CARD.c[name]).label(name) for name in FIGURES]
    return await view.all(
        select(reader, func.count(CARD.c.route_no.distinct()).label("routes"), *sums)
        .where(*filters.of(CARD, visible), after(reader))
        .group_by(reader)
        .order_by(reader)
        .limit(limit)
    )


async def rows_of(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters, figure: Figure | None
) -> Sequence[Row[Any]]:
    """Return a page of what the scorecards of a month count, or one of their figures, by kind and subject."""
    order = ROW.c.kind, ROW.c.subject
    return await view.all(
        select(ROW)
        .where(*filters.of(ROW, visible), after(*order), true() if figure is None else _COUNTS[figure])
        .order_by(*order)
        .limit(limit)
    )


def document(row: Row[Any]) -> dict[str, Any]:
    """Return a row as people and programs read it."""
    return dict(row._mapping) | {"details": orjson.loads(row.details)}
