"""Meters, in and out."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.reading.network import tables
from services.reading.network.domain.reference import Meter
from services.reading.network.store import codec
from shared.db import bulk
from shared.db.engine import Tx, View

METER = tables.METER


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
    meters = [meter for meter, _ in given]
    applied = await bulk.upsert_newer(
        tx,
        METER,
        {
            "meter_no": [each.meter_no for each in meters],
            "org_unit": [each.org_unit for each in meters],
            "registers": [codec.faces_text(each.faces) for each in meters],
            "numerator": [each.numerator for each in meters],
            "denominator": [each.denominator for each in meters],
            "version": [version for _, version in given],
        },
        key=("meter_no",),
    )
    return {row.meter_no for row in applied}


def _meter(row: Row[Any]) -> Meter:
    return Meter(
        meter_no=row.meter_no,
        org_unit=row.org_unit,
        faces=codec.faces(row.registers),
        numerator=row.numerator,
        denominator=row.denominator,
    )
