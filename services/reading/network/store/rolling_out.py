"""Types of meters at points: who has a meter of a type since when, and whose is read remotely. Parts and single statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, case, exists, func, or_, select

from services.reading.base import below, equals
from services.reading.network import tables
from shared.db import travel
from shared.db.columns import Condition
from shared.db.engine import View

POINT, METER, INSTALLATION, DEVICE_METER = tables.POINT, tables.METER, tables.INSTALLATION, tables.DEVICE_METER


@dataclass(frozen=True, slots=True)
class Located:
    """A source joined with its points: whose they are, and on which route."""

    source: FromClause
    org_unit: ColumnElement[str]
    route_no: ColumnElement[str]


def located(source: FromClause, point: ColumnElement[str]) -> Located:
    """Return a source with its points."""
    return Located(source.join(POINT, POINT.c.service_point_no == point), POINT.c.org_unit, POINT.c.route_no)


def since_of_type(
    point: ColumnElement[str], meter_type: ColumnElement[str], on: date
) -> tuple[ColumnElement[date | None], ColumnElement[str | None]]:
    """Return since when a point has a meter of a type that has one on a day, and the first such meter: none of another type
    came to it since. Both are null of others."""
    other = INSTALLATION.alias("other")
    other_meter = METER.alias("other_meter")
    there = and_(
        INSTALLATION.c.service_point_no == point,
        INSTALLATION.c.annulled != 1,
        INSTALLATION.c.installed_on <= on,
        METER.c.meter_type == meter_type,
    )
    at_point = and_(
        other.c.service_point_no == INSTALLATION.c.service_point_no, other_meter.c.meter_no == other.c.meter_no
    )
    stands_now = exists().where(at_point, _stands(other, on), other_meter.c.meter_type == meter_type)
    otherwise_since = exists().where(
        at_point,
        other.c.annulled != 1,
        other.c.installed_on > INSTALLATION.c.installed_on,
        other.c.installed_on <= on,
        or_(other_meter.c.meter_type.is_(None), other_meter.c.meter_type != meter_type),
    )

    def first(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return (
            select(column)
            .select_from(INSTALLATION.join(METER, METER.c.meter_no == INSTALLATION.c.meter_no))
            .where(there, stands_now, ~otherwise_since)
            .order_by(INSTALLATION.c.installed_on)
            .limit(1)
            .correlate_except(INSTALLATION, METER)
            .scalar_subquery()
        )

    return first(INSTALLATION.c.installed_on), first(INSTALLATION.c.meter_no)


def first_of_types(on: date, since: date, types: Sequence[str]) -> Select[Any]:
    """Return the points where a meter of these types stands on a day that was fitted after another, and none of them before."""
    other, other_meter = INSTALLATION.alias("other"), METER.alias("other_meter")
    before = exists().where(
        other.c.service_point_no == INSTALLATION.c.service_point_no,
        other.c.annulled != 1,
        other.c.installed_on < INSTALLATION.c.installed_on,
        other_meter.c.meter_no == other.c.meter_no,
        other_meter.c.meter_type.in_(types),
    )
    fitted_on = INSTALLATION.c.installed_on
    return (
        select(INSTALLATION.c.service_point_no, INSTALLATION.c.meter_no, POINT.c.org_unit, fitted_on.label("fitted_on"))
        .select_from(
            INSTALLATION.join(METER, METER.c.meter_no == INSTALLATION.c.meter_no).join(
                POINT, POINT.c.service_point_no == INSTALLATION.c.service_point_no
            )
        )
        .where(_stands(INSTALLATION, on), fitted_on > since, METER.c.meter_type.in_(types), ~before)
    )


def _stands(installation: FromClause, on: date) -> ColumnElement[bool]:
    row = installation.c
    return and_(row.annulled != 1, row.installed_on <= on, or_(row.removed_on.is_(None), row.removed_on > on))


def _standing(on: date, remote_types: Sequence[str]) -> Select[Any]:
    """Return the points that have a meter on a day, and whether it is read remotely: by its type, or a device of its own."""
    stands = _stands(INSTALLATION, on)
    has_device = exists().where(
        DEVICE_METER.c.meter_no == INSTALLATION.c.meter_no,
        DEVICE_METER.c.from_day <= on,
        or_(DEVICE_METER.c.to_day.is_(None), DEVICE_METER.c.to_day > on),
    )
    remote = case((or_(METER.c.meter_type.in_(remote_types), has_device), 1), else_=0)
    columns: list[ColumnElement[Any]] = [
        *(INSTALLATION.c.service_point_no, INSTALLATION.c.meter_no, METER.c.meter_type),
        *(POINT.c.org_unit, POINT.c.route_no, remote.label("remote")),
    ]
    source = INSTALLATION.join(METER, METER.c.meter_no == INSTALLATION.c.meter_no)
    return (
        select(*columns)
        .select_from(source.join(POINT, POINT.c.service_point_no == INSTALLATION.c.service_point_no))
        .where(stands)
    )


async def types_at(view: View, service_point_nos: Sequence[str], on: date) -> dict[str, str | None]:
    """Return the types of the meters that stand at points on a day, by point; of a meter without a type None."""
    given = travel.relation_for(view, INSTALLATION, {"service_point_no": sorted(set(service_point_nos))})
    source = INSTALLATION.join(METER, METER.c.meter_no == INSTALLATION.c.meter_no)
    rows = await view.all(
        select(INSTALLATION.c.service_point_no, METER.c.meter_type)
        .select_from(source.join(given, given.c.service_point_no == INSTALLATION.c.service_point_no))
        .where(_stands(INSTALLATION, on))
    )
    return {row.service_point_no: row.meter_type for row in rows}


async def remote_by_unit(
    view: View,
    on: date,
    remote_types: Sequence[str],
    *,
    visible: Condition,
    org_unit: str | None,
) -> Sequence[Row[Any]]:
    """Return the org units, in their order, with their points that have a meter on a day, and how many are read remotely."""
    row = _standing(on, remote_types).subquery("standing").c
    return await view.all(
        select(row.org_unit, func.count().label("points"), func.sum(row.remote).label("remote"))
        .where(visible(row.org_unit), below(row.org_unit, org_unit))
        .group_by(row.org_unit)
        .order_by(row.org_unit)
    )


async def remote_points(
    view: View,
    on: date,
    remote_types: Sequence[str],
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    org_unit: str,
    below_too: bool,
    remote: bool | None,
) -> Sequence[Row[Any]]:
    """Return a page of the points of an org unit that have a meter on a day; `below_too`: also of those below it."""
    row = _standing(on, remote_types).subquery("standing").c
    unit = below(row.org_unit, org_unit) if below_too else equals(row.org_unit, org_unit)
    chosen = [] if remote is None else [row.remote == int(remote)]
    return await view.all(
        select(*row)
        .where(visible(row.org_unit), unit, after(row.service_point_no), *chosen)
        .order_by(row.service_point_no)
        .limit(limit)
    )
