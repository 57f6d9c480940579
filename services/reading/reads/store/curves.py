"""Day curves, in and out: every function is one statement. Values are joined by commas; nothing between two: missing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.reading.reads import tables
from services.reading.reads.domain.curves import Curve, CurveKey
from shared.db import bulk
from shared.db.engine import Tx, View

CURVE = tables.CURVE


async def stored(view: View, keys: Sequence[CurveKey]) -> dict[CurveKey, Curve]:
    """Return the curves that are there."""
    rows = await bulk.select_in(
        view,
        CURVE,
        {
            "meter_no": [key.meter_no for key in keys],
            "day": [key.day for key in keys],
            "quantity": [key.quantity for key in keys],
        },
    )
    curves = [_curve(row) for row in rows]
    return {curve.key: curve for curve in curves}


async def insert(tx: Tx, curves: Sequence[Curve], *, upload_id: str) -> None:
    """Write curves, all of which are new."""
    await bulk.insert_rows(tx, CURVE, _columns(curves, upload_id))


async def update(tx: Tx, curves: Sequence[Curve], *, upload_id: str) -> None:
    """Write curves over those of the same meter, day and quantity."""
    await bulk.update_from(tx, CURVE, _columns(curves, upload_id), key=("meter_no", "day", "quantity"))


async def curve(view: View, meter_no: str, day: date, quantity: str) -> Curve | None:
    """Return the curve of one quantity of a meter on a day."""
    row = await view.first(
        select(CURVE).where(CURVE.c.meter_no == meter_no, CURVE.c.day == day, CURVE.c.quantity == quantity)
    )
    return None if row is None else _curve(row)


def _curve(row: Row[Any]) -> Curve:
    text: str = row._mapping["values"]
    return Curve(
        meter_no=row.meter_no,
        day=row.day,
        quantity=row.quantity,
        interval_minutes=row.interval_minutes,
        values=tuple(int(value) if value else None for value in text.split(",")),
    )


def _columns(curves: Sequence[Curve], upload_id: str) -> dict[str, list[Any]]:
    return {
        "meter_no": [curve.meter_no for curve in curves],
        "day": [curve.day for curve in curves],
        "quantity": [curve.quantity for curve in curves],
        "interval_minutes": [curve.interval_minutes for curve in curves],
        "values": [",".join("" if v is None else str(v) for v in curve.values) for curve in curves],
        "missing": [curve.missing for curve in curves],
        "upload_id": [upload_id] * len(curves),
    }
