"""Idle meters as the database has them: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, func, literal, select, true, union_all

from services.reading.base import below, equals
from services.reading.idle_meters.domain.idle import IN_STOCK, NOT_TAKEN_BACK, UNUSED, Group
from services.reading.stock.domain import life
from services.reading.stock.store import spells
from services.reading.stock.store.spells import Standing
from services.reading.usage.store import unused
from shared.db.columns import Condition
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From when on a meter is idle on a day, by the policy of that day."""

    on: date
    unused_cycles: int
    stock_days: int
    taken_back_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which idle meters are meant. `org_unit` with all below it, or it alone (`alone`); `typed`: with a type, or without."""

    kind: str | None = None
    org_unit: str | None = None
    alone: bool = False
    meter_type: str | None = None
    typed: bool | None = None
    owner: str | None = None

    def of(self, row: Any) -> list[ColumnElement[bool]]:
        """Return the conditions on rows."""
        unit = equals(row.org_unit, self.org_unit) if self.alone else below(row.org_unit, self.org_unit)
        has_type = true() if self.typed is None else row.meter_type.is_not(None) == literal(self.typed)
        own = [equals(row.kind, self.kind), equals(row.meter_type, self.meter_type), equals(row.owner, self.owner)]
        return [*own, unit, has_type]


def _idle(limits: Limits) -> FromClause:
    """Return the idle meters of a day, each once: on a day a meter stands in one state."""
    on = limits.on
    installed = spells.standing(on, (life.INSTALLED,))
    run = unused.since_last_use(installed.source, installed.service_point_no, installed.since, on)
    one = (
        *(installed.meter_no, installed.service_point_no, installed.org_unit, installed.meter_type),
        *(installed.owner, installed.state),
    )
    not_used = (
        _columns(UNUSED, installed, run.since)
        .select_from(run.source)
        .where(installed.where)
        .group_by(*one)
        .having(run.cycles >= limits.unused_cycles)
    )
    return union_all(
        not_used,
        _standing(IN_STOCK, spells.in_hand(on, since_by=on - timedelta(days=limits.stock_days))),
        _standing(
            NOT_TAKEN_BACK,
            spells.standing(on, (life.REMOVED,), since_by=on - timedelta(days=limits.taken_back_days)),
        ),
    ).subquery("idle")


def _standing(kind: str, standing: Standing) -> Select[Any]:
    return _columns(kind, standing, standing.since).select_from(standing.source).where(standing.where)


def _columns(kind: str, standing: Standing, since: ColumnElement[date]) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        literal(kind).label("kind"),
        standing.meter_no.label("meter_no"),
        since.label("since"),
        standing.service_point_no.label("service_point_no"),
        standing.org_unit.label("org_unit"),
        standing.meter_type.label("meter_type"),
        standing.owner.label("owner"),
        standing.state.label("state"),
    ]
    return select(*columns)


async def listed(
    view: View, limits: Limits, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of idle meters, by number."""
    row = _idle(limits).c
    return await view.all(
        select(*row)
        .where(visible(row.org_unit), after(row.meter_no), *filters.of(row))
        .order_by(row.meter_no)
        .limit(limit)
    )


async def grouped(view: View, limits: Limits, *, visible: Condition, filters: Filters) -> list[Group]:
    """Count idle meters by kind, org unit, type, owner and the day since when they are idle."""
    row = _idle(limits).c
    key = row.kind, row.org_unit, row.meter_type, row.owner, row.since
    rows = await view.all(
        select(*key, func.count().label("meters"))
        .where(visible(row.org_unit), *filters.of(row))
        .group_by(*key)
        .order_by(*key)
    )
    return [
        Group(
            kind=each.kind,
            org_unit=each.org_unit,
            meter_type=each.meter_type,
            owner=each.owner,
            since=each.since,
            meters=int(each.meters),
        )
        for each in rows
    ]
