"""Spells of meters, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, and_, exists, func, or_, select, true

from services.reading.base import below, equals
from services.reading.network.store import meters
from services.reading.stock import tables
from services.reading.stock.domain.life import IN_HAND, REMOVED, Spell
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

SPELL, RECEIPT, RANGE = tables.SPELL, tables.RECEIPT, tables.RANGE
UTILITY = "utility"
"""Whose property a meter is of which nothing else is known."""


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
    """The meters that stand in a state on a day, as a source: since when, at which point, whose they are, of which type.

    `org_unit`: that of the point or the warehouse; `owner`: whose property (产权), the utility's where nothing else is known.
    """

    source: FromClause
    where: ColumnElement[bool]
    meter_no: ColumnElement[str]
    state: ColumnElement[str]
    since: ColumnElement[date]
    service_point_no: ColumnElement[str | None]
    org_unit: ColumnElement[str]
    meter_type: ColumnElement[str | None]
    owner: ColumnElement[str]


def standing(on: date, states: Sequence[str], *, since_by: date | None = None) -> Standing:
    """Return the meters in one of some states on a day, with `since_by` those that are so since that day or before."""
    return _standing(on, states, SPELL.c.from_day, since_by)


def in_hand(on: date, *, since_by: date) -> Standing:
    """Return the meters that a warehouse or laboratory has on a day, in whatever state, since they came there by a day."""
    first, other = SPELL.alias("first"), SPELL.alias("other")
    away_between = exists().where(
        other.c.meter_no == first.c.meter_no,
        other.c.state.not_in(IN_HAND),
        other.c.from_day > first.c.from_day,
        other.c.from_day < SPELL.c.from_day,
    )
    came = select(func.min(first.c.from_day)).where(
        first.c.meter_no == SPELL.c.meter_no,
        first.c.state.in_(IN_HAND),
        first.c.from_day <= SPELL.c.from_day,
        ~away_between.correlate_except(other),
    )
    return _standing(on, IN_HAND, came.correlate_except(first).scalar_subquery(), since_by)


def _standing(on: date, states: Sequence[str], since: ColumnElement[date], since_by: date | None) -> Standing:
    row = SPELL.c
    own = meters.placed(SPELL, row.meter_no, row.service_point_no, row.warehouse)
    came = own.source.outerjoin(RECEIPT, RECEIPT.c.meter_no == row.meter_no).outerjoin(
        RANGE, RANGE.c.range_no == RECEIPT.c.range_no
    )
    long_enough = true() if since_by is None else since <= since_by
    return Standing(
        source=came,
        where=and_(holds_on(on), row.state.in_(states), long_enough),
        meter_no=row.meter_no,
        state=row.state,
        since=since,
        service_point_no=row.service_point_no,
        org_unit=own.org_unit,
        meter_type=own.meter_type,
        owner=func.coalesce(RANGE.c.owner, UTILITY),
    )
