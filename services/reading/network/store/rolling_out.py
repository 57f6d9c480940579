"""Types of meters at points: who has a meter of a type since when, and whose is read remotely. Parts and single statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, Select, and_, case, exists, func, or_, select

from services.reading.base import below, equals
from services.reading.network import tables
from shared.db.columns import Condition
from shared.db.engine import View

POINT, METER, INSTALLATION, DEVICE = tables.POINT, tables.METER, tables.INSTALLATION, tables.DEVICE


@dataclass(frozen=True, slots=True)
class Located:
    """A source joined with its points: whose they are, and on which route."""

    source: FromClause
    org_unit: ColumnElement[str]
    route_no: ColumnElement[str]


def located(source: FromClause, point: ColumnElement[str]) -> Located:
    """Return a source with its points."""
    return Located(source.join(POINT, POINT.c.service_point_no == point), POINT.c.org_unit, POINT.c.route_no)


def first_of_type(
    point: ColumnElement[str], meter_type: ColumnElement[str], since: ColumnElement[date]
) -> tuple[ColumnElement[date | None], ColumnElement[str | None]]:
    """Return since when a point has a meter of a type, and that meter: the first that stood there after a day, or still did."""
    there = and_(
        INSTALLATION.c.service_point_no == point,
        INSTALLATION.c.annulled != 1,
        or_(INSTALLATION.c.removed_on.is_(None), INSTALLATION.c.removed_on > since),
        METER.c.meter_type == meter_type,
    )

    def first(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return (
            select(column)
            .select_from(INSTALLATION.join(METER, METER.c.meter_no == INSTALLATION.c.meter_no))
            .where(there)
            .order_by(INSTALLATION.c.installed_on)
            .limit(1)
            .correlate_except(INSTALLATION, METER)
            .scalar_subquery()
        )

    return first(INSTALLATION.c.installed_on), first(INSTALLATION.c.meter_no)


def _standing(on: date, remote_types: Sequence[str]) -> Select[Any]:
    """Return the points that have a meter on a day, and whether it is read remotely: by its type, or a device of its own."""
    stands = and_(
        INSTALLATION.c.annulled != 1,
        INSTALLATION.c.installed_on <= on,
        or_(INSTALLATION.c.removed_on.is_(None), INSTALLATION.c.removed_on > on),
    )
    has_device = exists().where(DEVICE.c.meter_no == INSTALLATION.c.meter_no, DEVICE.c.active == 1)
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


async def remote_by_unit(
    view: View,
    on: date,
    remote_types: Sequence[str],
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    org_unit: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of org units with their points that have a meter on a day, and how many of these are read remotely."""
    row = _standing(on, remote_types).subquery("standing").c
    return await view.all(
        select(row.org_unit, func.count().label("points"), func.sum(row.remote).label("remote"))
        .where(visible(row.org_unit), below(row.org_unit, org_unit), after(row.org_unit))
        .group_by(row.org_unit)
        .order_by(row.org_unit)
        .limit(limit)
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
    remote: bool | None,
) -> Sequence[Row[Any]]:
    """Return a page of the points of an org unit, without those below it, that have a meter on a day."""
    row = _standing(on, remote_types).subquery("standing").c
    chosen = [] if remote is None else [row.remote == int(remote)]
    return await view.all(
        select(*row)
        .where(visible(row.org_unit), equals(row.org_unit, org_unit), after(row.service_point_no), *chosen)
        .order_by(row.service_point_no)
        .limit(limit)
    )
