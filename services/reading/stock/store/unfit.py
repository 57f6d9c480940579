"""Meters in use that may not be (在用不合格): whose last test was failed, or whose verification has expired. In one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, FromClause, Row, and_, case, func, select, union

from services.reading.base import below, equals
from services.reading.network.store import meters
from services.reading.stock import tables
from services.reading.stock.domain.life import INSTALLED
from services.reading.stock.store.spells import holds_on
from shared.db.columns import Condition
from shared.db.engine import View

SPELL, TEST, RECEIPT, RANGE = tables.SPELL, tables.TEST, tables.RECEIPT, tables.RANGE
Why = Literal["failed_test", "expired"]
"""检定不合格在用, 检定超期在用."""
FAILED_TEST: Final = "failed_test"
EXPIRED: Final = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which of them are meant; `org_unit` with all below it."""

    why: str | None = None
    org_unit: str | None = None
    meter_type: str | None = None


def _unfit(on: date) -> FromClause:
    """Return the meters that stand at points on a day though they are not fit by then, each with why."""
    row = SPELL.c
    own = meters.placed(SPELL, row.meter_no, row.service_point_no)
    until = func.coalesce(_last(TEST.c.next_due_on, on, TEST.c.next_due_on.is_not(None)), _of_maker())
    columns: list[ColumnElement[Any]] = [
        *(row.meter_no, row.service_point_no, own.org_unit.label("org_unit"), own.meter_type.label("meter_type")),
        *(_last(TEST.c.result, on).label("result"), _last(TEST.c.tested_on, on).label("tested_on")),
        *(_last(TEST.c.lab_no, on).label("lab_no"), until.label("verified_until")),
    ]
    known = (
        select(*columns)
        .select_from(own.source)
        .where(holds_on(on), row.state == INSTALLED, row.meter_no.in_(_suspects(on)))
        .subquery("known")
    )
    why = case((known.c.result == "failed", FAILED_TEST), (known.c.verified_until < on, EXPIRED))
    kept = [column for column in known.c if column.name != "result"]
    return select(*kept, why.label("why")).subquery("unfit")


def _last(column: ColumnElement[Any], on: date, *where: ColumnElement[bool]) -> ColumnElement[Any]:
    """Return what the last test of a meter by a day says; of one day that which was passed."""
    order = TEST.c.tested_on.desc(), TEST.c.result.desc(), TEST.c.lab_no.desc()
    mine = and_(TEST.c.meter_no == SPELL.c.meter_no, TEST.c.annulled != 1, TEST.c.tested_on <= on, *where)
    return select(column).where(mine).order_by(*order).limit(1).correlate(SPELL).scalar_subquery()


def _of_maker() -> ColumnElement[Any]:
    came = RECEIPT.join(RANGE, RANGE.c.range_no == RECEIPT.c.range_no)
    return (
        select(RANGE.c.verified_until)
        .select_from(came)
        .where(RECEIPT.c.meter_no == SPELL.c.meter_no)
        .correlate(SPELL)
        .scalar_subquery()
    )


def _suspects(on: date) -> Any:
    """Return the meters of which anything may say that they are not fit: few of all."""
    failed = (TEST.c.result == "failed") | (TEST.c.next_due_on < on)
    came = RECEIPT.join(RANGE, RANGE.c.range_no == RECEIPT.c.range_no)
    return union(
        select(TEST.c.meter_no).where(TEST.c.annulled != 1, failed),
        select(RECEIPT.c.meter_no).select_from(came).where(RANGE.c.verified_until < on),
    )


async def listed(
    view: View, on: date, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of the meters that stand at points though they are not fit, by number."""
    row = _unfit(on).c
    return await view.all(
        select(*row)
        .where(row.why.is_not(None), visible(row.org_unit), after(row.meter_no), equals(row.why, filters.why))
        .where(below(row.org_unit, filters.org_unit), equals(row.meter_type, filters.meter_type))
        .order_by(row.meter_no)
        .limit(limit)
    )


async def counts(view: View, on: date) -> dict[str, int]:
    """Count the meters that stand at points though they are not fit, by why."""
    row = _unfit(on).c
    rows = await view.all(select(row.why, func.count().label("meters")).where(row.why.is_not(None)).group_by(row.why))
    return {each.why: int(each.meters) for each in rows}
