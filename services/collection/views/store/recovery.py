"""What of a month is collected by a day, who is still open, how old debts are: from what is posted, joined with who collects."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, func, literal, or_, select

from services.collection.ledger.domain.recovery import UNKNOWN
from services.collection.ledger.store import subtotals
from services.collection.ledger.store.subtotals import DUE_FIGURES
from services.collection.ledger.tables import RECEIVABLE, RECOVERY_SUBTOTAL
from services.collection.steps.tables import STEP, STEP_DEBT
from services.collection.targets import store as targets
from services.collection.targets.domain import ORG_UNIT, Bucket
from services.collection.targets.tables import TARGET
from shared.db.columns import Condition
from shared.db.engine import View

By = Literal["total", "org_unit", "route", "customer_class", "team"]
_S: Final = RECOVERY_SUBTOTAL.c
_R: Final = RECEIVABLE.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What figures are of; `org_unit` with all below it. What names no route or class is `UNKNOWN` there."""

    visible: Condition
    org_unit: str | None = None
    route_no: str | None = None
    customer_class: str | None = None
    team: str | None = None

    def where(
        self, org_unit: ColumnElement[str], route_no: ColumnElement[str], customer_class: ColumnElement[str], on: date
    ) -> list[ColumnElement[bool]]:
        """Return the conditions for rows with these columns, the team as it is on a day."""
        found = [self.visible(org_unit)]
        if self.org_unit is not None:
            found.append(or_(org_unit == self.org_unit, org_unit.startswith(self.org_unit + "/", autoescape=True)))
        found += [func.coalesce(route_no, UNKNOWN) == self.route_no] if self.route_no is not None else []
        if self.customer_class is not None:
            found.append(func.coalesce(customer_class, UNKNOWN) == self.customer_class)
        found += [targets.team_of(org_unit, route_no, on) == self.team] if self.team is not None else []
        return found


async def progress(
    view: View, *, month: str, on: date, by: By, filters: Filters, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return what is due of a month and collected of it by the end of a day, by unit, with the unit's target."""
    sums = _of_month(month, on, filters).subquery()
    unit = _unit(by, sums.c.org_unit, sums.c.route_no, sums.c.customer_class, on)
    figures = [func.sum(sums.c[name]).label(name) for name in DUE_FIGURES]
    units = select(unit.label("unit"), *figures).group_by(unit).subquery()
    t = TARGET.c
    kind, of = (ORG_UNIT, literal(filters.org_unit or UNKNOWN)) if by == "total" else (by, units.c.unit)
    is_its = and_(
        t.month == month, t.unit_kind == kind, t.unit == of, filters.visible(t.org_unit), targets.is_last_target()
    )
    anything = or_(*(units.c[name] != 0 for name in DUE_FIGURES))
    return await view.all(
        select(units, t.rate_bp.label("target_bp"))
        .select_from(units.outerjoin(TARGET, is_its))
        .where(after(units.c.unit), anything)
        .order_by(units.c.unit)
        .limit(limit)
    )


def _of_month(month: str, on: date, filters: Filters) -> Select[Any]:
    """Return the subtotals of a month up to a day by org unit, route and class; who collects is asked once for each of these."""
    keys = (_S.org_unit, _S.route_no, _S.customer_class)
    where = [_S.month == month, _S.counts_on <= on]
    found = select(*keys, *(func.sum(_S[name]).label(name) for name in DUE_FIGURES)).where(*where).group_by(*keys)
    sums = found.subquery()
    return select(sums).where(*filters.where(sums.c.org_unit, sums.c.route_no, sums.c.customer_class, on))


def _unit(by: By, org_unit: Any, route_no: Any, customer_class: Any, on: date) -> ColumnElement[str]:
    """Return what figures are summed by, for rows with these columns; `UNKNOWN` where they name none."""
    if by == "team":
        return targets.team_of(org_unit, route_no, on)
    columns: dict[str, ColumnElement[str]] = {"org_unit": org_unit, "route": route_no, "customer_class": customer_class}
    return func.coalesce(columns[by], UNKNOWN) if by in columns else literal(UNKNOWN)


async def days(
    view: View, *, month: str, on: date, filters: Filters, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return what is due of a month and collected of it by the end of each day on which any of that changed, up to a day."""
    keys = (_S.org_unit, _S.route_no, _S.customer_class)
    of_month = select(*keys).where(_S.month == month, _S.counts_on <= on).distinct().subquery()
    o = of_month.c
    units = select(of_month).where(*filters.where(o.org_unit, o.route_no, o.customer_class, on)).subquery()
    same = and_(*(_S[name] == units.c[name] for name in ("org_unit", "route_no", "customer_class")))
    of_day = (
        select(_S.counts_on.label("day"), *(func.sum(_S[name]).label(name) for name in DUE_FIGURES))
        .select_from(RECOVERY_SUBTOTAL.join(units, same))
        .where(_S.month == month, _S.counts_on <= on)
        .group_by(_S.counts_on)
        .subquery()
    )
    sums = [func.sum(of_day.c[name]).over(order_by=of_day.c.day).label(name) for name in DUE_FIGURES]
    by_then = select(of_day.c.day, *sums).subquery()
    return await view.all(select(by_then).where(after(by_then.c.day)).order_by(by_then.c.day).limit(limit))


async def zero_list(
    view: View, *, month: str, on: date, filters: Filters, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return the receivables of a month that were open at the end of a day, with who collects them and the stage of dunning."""
    found = _open(on, filters).where(_R.month == month, after(_R.receivable_id)).order_by(_R.receivable_id).limit(limit)
    return await view.all(found)


def _open(on: date, filters: Filters) -> Select[Any]:
    names = ("receivable_id", "account_no", "org_unit", "route_no", "customer_class", "document_kind", "document_id")
    return select(
        *(_R[name] for name in (*names, "cycle", "month", "issued_on", "due_on", "amount_fen")),
        subtotals.open_fen(on).label("open_fen"),
        func.nullif(targets.team_of(_R.org_unit, func.coalesce(_R.route_no, UNKNOWN), on), targets.NOBODY).label(
            "team"
        ),
        *(_of_last_step(name, on).label(label) for label, name in _SHOWN.items()),
    ).where(
        _R.month.is_not(None),
        subtotals.may_be_open(on),
        subtotals.open_fen(on) > 0,
        *filters.where(_R.org_unit, _R.route_no, _R.customer_class, on),
    )


_SHOWN: Final = {"stage": "stage", "action": "action", "stage_on": "business_date"}


def _of_last_step(name: str, on: date) -> ColumnElement[Any]:
    """Return a column of the last step of dunning up to a day that was about a receivable."""
    return (
        select(STEP.c[name])
        .select_from(STEP.join(STEP_DEBT, STEP_DEBT.c.step_id == STEP.c.step_id))
        .where(STEP_DEBT.c.receivable_id == _R.receivable_id, STEP.c.business_date <= on)
        .order_by(STEP.c.business_date.desc(), STEP.c.step_id.desc())
        .limit(1)
        .correlate(RECEIVABLE)
        .scalar_subquery()
    )


async def ageing(
    view: View, *, on: date, by: By, buckets: Sequence[Bucket], filters: Filters, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return what was open at the end of a day by unit and bucket, in fen and receivables."""
    keys = (_R.org_unit, _R.route_no, _R.customer_class)
    bucket = case(
        *((_R.due_on >= one.first_due(on), one.number) for one in buckets if one.to_days is not None),
        else_=buckets[-1].number,
    ).label("bucket")
    rows = (
        select(*keys, bucket, subtotals.open_fen(on).label("open_fen"))
        .where(_R.month.is_not(None), subtotals.may_be_open(on))
        .subquery()
    )
    sums = _aged(rows).subquery()
    unit = _unit(by, sums.c.org_unit, sums.c.route_no, sums.c.customer_class, on)
    units = (
        select(
            unit.label("unit"),
            sums.c.bucket,
            func.sum(sums.c.open_fen).label("open_fen"),
            func.sum(sums.c.open_count).label("open_count"),
        )
        .where(*filters.where(sums.c.org_unit, sums.c.route_no, sums.c.customer_class, on))
        .group_by(unit, sums.c.bucket)
        .subquery()
    )
    key = (units.c.unit, units.c.bucket)
    return await view.all(select(units).where(after(*key)).order_by(*key).limit(limit))


def _aged(rows: Subquery) -> Select[Any]:
    """Return the sums by org unit, route, class and bucket of what is open: who collects is asked once for each of these."""
    keys = (rows.c.org_unit, rows.c.route_no, rows.c.customer_class, rows.c.bucket)
    figures = (func.sum(rows.c.open_fen).label("open_fen"), func.count().label("open_count"))
    return select(*keys, *figures).where(rows.c.open_fen > 0).group_by(*keys)
