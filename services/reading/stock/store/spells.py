"""Spells of meters, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, and_, func, or_, select, true

from services.reading.base import below, equals
from services.reading.network.store import meters
from services.reading.stock import tables
from services.reading.stock.domain.life import REMOVED, Spell
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

SPELL = tables.SPELL


async def of_meters(view: View, meter_nos: Sequence[str]) -> dict[str, tuple[Spell, ...]]:
    """Return the spells of meters, each in their order."""
    found: dict[str, list[Spell]] = {}
    for row in await bulk.select_in(view, SPELL, {"meter_no": meter_nos}, order_by=(SPELL.c.from_day,)):
        found.setdefault(row.meter_no, []).append(
            Spell(
                state=row.state,
                from_=row.from_day,
                to=row.to_day,
                service_point_no=row.service_point_no,
                warehouse=row.warehouse,
            )
        )
    return {meter_no: tuple(spells) for meter_no, spells in found.items()}


async def delete(tx: Tx, meter_nos: Sequence[str]) -> None:
    """Delete the spells of meters, before others take their place."""
    await bulk.delete_in(tx, SPELL, {"meter_no": meter_nos})


async def insert(tx: Tx, lives: Mapping[str, Sequence[Spell]]) -> None:
    """Write the spells of meters."""
    rows = [(meter_no, spell) for meter_no, spells in lives.items() for spell in spells]
    given: dict[str, list[Any]] = {
        "meter_no": [meter_no for meter_no, _ in rows],
        "from_day": [each.from_ for _, each in rows],
        "to_day": [each.to for _, each in rows],
        "state": [each.state for _, each in rows],
        "service_point_no": [each.service_point_no for _, each in rows],
        "warehouse": [each.warehouse for _, each in rows],
    }
    await bulk.insert_rows(tx, SPELL, given)


def holds_on(day: date) -> ColumnElement[bool]:
    """Return the condition that a spell holds on a day."""
    return and_(SPELL.c.from_day <= day, or_(SPELL.c.to_day.is_(None), SPELL.c.to_day > day))


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    on: date,
    state: str | None,
    org_unit: str | None,
    meter_type: str | None,
    since_by: date | None = None,
) -> Sequence[Row[Any]]:
    """Return a page of how meters stand on a day, by number; `since_by`: those alone that stand so since that day or before."""
    row = SPELL.c
    own = meters.placed(SPELL, row.meter_no, row.service_point_no, row.warehouse)
    kind = true() if meter_type is None else own.meter_type == meter_type
    return await view.all(
        select(
            row.meter_no,
            row.state,
            row.from_day.label("since"),
            row.service_point_no,
            own.org_unit.label("org_unit"),
            own.meter_type.label("meter_type"),
        )
        .select_from(own.source)
        .where(holds_on(on), visible(own.org_unit), after(row.meter_no))
        .where(equals(row.state, state), below(own.org_unit, org_unit), kind)
        .where(true() if since_by is None else row.from_day <= since_by)
        .order_by(row.meter_no)
        .limit(limit)
    )


async def left_out(view: View, since_by: date) -> int:
    """Count the meters that were removed by a day and that nobody has taken back, as is known by now."""
    left = and_(SPELL.c.state == REMOVED, SPELL.c.to_day.is_(None), SPELL.c.from_day <= since_by)
    return int(await view.scalar(select(func.count()).select_from(SPELL).where(left)) or 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """The meters that stand in a state on a day, as a source: since when, at which point, whose they are, of which type."""

    source: FromClause
    where: ColumnElement[bool]
    meter_no: ColumnElement[str]
    since: ColumnElement[date]
    service_point_no: ColumnElement[str | None]
    org_unit: ColumnElement[str]
    meter_type: ColumnElement[str | None]


def standing(on: date, states: Sequence[str], *, since_by: date | None = None) -> Standing:
    """Return the meters in one of some states on a day, with `since_by` those that are so since that day or before."""
    row = SPELL.c
    own = meters.placed(SPELL, row.meter_no, row.service_point_no, row.warehouse)
    long_enough = true() if since_by is None else row.from_day <= since_by
    return Standing(
        source=own.source,
        where=and_(holds_on(on), row.state.in_(states), long_enough),
        meter_no=row.meter_no,
        since=row.from_day,
        service_point_no=row.service_point_no,
        org_unit=own.org_unit,
        meter_type=own.meter_type,
    )
