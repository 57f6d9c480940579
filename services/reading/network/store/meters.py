"""Meters, in and out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Row, false, func, null, select

from services.reading.network import tables
from services.reading.network.domain.reference import Meter
from services.reading.network.store import codec
from shared.db import bulk
from shared.db.engine import Tx, View

METER, POINT = tables.METER, tables.POINT


@dataclass(frozen=True, slots=True)
class Placed:
    """A source joined with its meters and the points that they stand at: whose each row is, and of which type and route."""

    source: FromClause
    org_unit: ColumnElement[str]
    meter_type: ColumnElement[str | None]
    route_no: ColumnElement[str | None]


def placed(
    source: FromClause,
    meter_no: ColumnElement[str],
    point: ColumnElement[Any] | None = None,
    warehouse: ColumnElement[Any] | None = None,
) -> Placed:
    """Return a source with its meters. A row belongs to its point, else to its warehouse, else to whom the meter belongs."""
    there = false() if point is None else POINT.c.service_point_no == point
    joined = source.join(METER, METER.c.meter_no == meter_no).outerjoin(POINT, there)
    unit = func.coalesce(POINT.c.org_unit, null() if warehouse is None else warehouse, METER.c.org_unit)
    return Placed(joined, unit, METER.c.meter_type, POINT.c.route_no)


async def claim(tx: Tx, meters: Sequence[Meter]) -> int:
    """Insert the meters whose number is new, and return how many those were."""
    return await bulk.claim(tx, METER, _columns(meters) | {"version": [1] * len(meters)}, key=("meter_no",))


async def by_no(view: View, meter_nos: Sequence[str]) -> dict[str, Meter]:
    """Return meters by their numbers."""
    return {row.meter_no: _meter(row) for row in await bulk.select_in(view, METER, {"meter_no": meter_nos})}


async def org_unit_of_meter(view: View, meter_no: str) -> str | None:
    """Return where a meter belongs."""
    found: str | None = await view.scalar(select(METER.c.org_unit).where(METER.c.meter_no == meter_no))
    return found


async def stored(tx: Tx, meter_nos: Sequence[str]) -> dict[str, tuple[Meter, int]]:
    """Return meters and their versions by number, locked to the end of the unit of work."""
    rows = await bulk.select_in(tx, METER, {"meter_no": meter_nos}, order_by=(METER.c.meter_no,), for_update=True)
    return {row.meter_no: (_meter(row), row.version) for row in rows}


async def hold(tx: Tx, meter_nos: Sequence[str]) -> None:
    """Lock meters, in order of their numbers: who holds one knows every installation of it that is being made."""
    await bulk.lock(tx, METER, {"meter_no": list(meter_nos)})


async def put(tx: Tx, given: Sequence[tuple[Meter, int]]) -> set[str]:
    """Insert or replace meters, each with its new version, and return the numbers that were applied."""
    own = _columns([meter for meter, _ in given]) | {"version": [version for _, version in given]}
    return {row.meter_no for row in await bulk.upsert_newer(tx, METER, own, key=("meter_no",))}


async def delete(tx: Tx, meter_nos: Sequence[str]) -> None:
    """Delete meters that never were: nothing but that they came is recorded of them."""
    await bulk.delete_in(tx, METER, {"meter_no": meter_nos})


def _columns(meters: Sequence[Meter]) -> dict[str, list[Any]]:
    return {
        "meter_no": [each.meter_no for each in meters],
        "org_unit": [each.org_unit for each in meters],
        "registers": [codec.faces_text(each.faces) for each in meters],
        "numerator": [each.numerator for each in meters],
        "denominator": [each.denominator for each in meters],
        "meter_type": [each.meter_type for each in meters],
    }


def _meter(row: Row[Any]) -> Meter:
    return Meter(
        meter_no=row.meter_no,
        org_unit=row.org_unit,
        faces=codec.faces(row.registers),
        numerator=row.numerator,
        denominator=row.denominator,
        meter_type=row.meter_type,
    )
