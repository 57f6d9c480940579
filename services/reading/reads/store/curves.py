"""Versions of day curves, in and out: every function is one statement. A version is written once, and may be judged later."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Date, Row, String, and_, select

from services.reading.reads import tables
from services.reading.reads.domain import curves
from services.reading.reads.domain.curves import ACTUAL, MISSING, Curve, CurveKey, Span
from shared.db import bulk, travel
from shared.db.engine import Tx, View

CURVE, UPLOAD = tables.CURVE, tables.UPLOAD
COUNTED_AS = "curves"  # what control totals of uploads have in place of a cycle


class Received(NamedTuple):
    """A version as it came, and the upload that brought it."""

    curve: Curve
    upload_id: str
    uploader: str
    received_at: datetime


async def versions(view: View, keys: Sequence[CurveKey]) -> dict[CurveKey, list[Curve]]:
    """Return all versions of curves, first to last."""
    rows = await bulk.select_in(
        view,
        CURVE,
        {
            "meter_no": [key.meter_no for key in keys],
            "day": [key.day for key in keys],
            "quantity": [key.quantity for key in keys],
        },
        order_by=(CURVE.c.version,),
    )
    return _by_key(rows)


async def of_meters(view: View, spans: Sequence[Span]) -> dict[CurveKey, Curve]:
    """Return the curves in force within spans of days."""
    given = travel.relation(
        view,
        "given",
        {
            "meter_no": (String(), [span.meter_no for span in spans]),
            "from_": (Date(), [span.from_ for span in spans]),
            "to": (Date(), [span.to for span in spans]),
            "quantity": (String(), [span.quantity for span in spans]),
        },
    )
    within = and_(
        CURVE.c.meter_no == given.c.meter_no,
        CURVE.c.quantity == given.c.quantity,
        CURVE.c.day >= given.c.from_,
        CURVE.c.day < given.c.to,
    )
    rows = await view.all(select(CURVE).distinct().join(given, within).order_by(CURVE.c.version))
    return await asyncio.to_thread(_in_force, rows)  # a month of quarter hours is a millisecond


def _in_force(rows: Sequence[Row[Any]]) -> dict[CurveKey, Curve]:
    return {key: curves.in_force(found) for key, found in _by_key(rows).items()}


async def received(view: View, key: CurveKey) -> list[Received]:
    """Return all versions of a curve with the uploads that brought them, first to last."""
    brought = and_(UPLOAD.c.upload_id == CURVE.c.upload_id, UPLOAD.c.cycle == COUNTED_AS)
    rows = await view.all(
        select(CURVE, UPLOAD.c.uploader, UPLOAD.c.received_at)
        .join(UPLOAD, brought)
        .where(CURVE.c.meter_no == key.meter_no, CURVE.c.day == key.day, CURVE.c.quantity == key.quantity)
        .order_by(CURVE.c.version)
    )
    return [
        Received(curve=_curve(row), upload_id=row.upload_id, uploader=row.uploader, received_at=row.received_at)
        for row in rows
    ]


async def insert(tx: Tx, numbered: Sequence[tuple[int, Curve]], *, upload_id: str) -> set[tuple[CurveKey, int]]:
    """Write versions under their numbers, and return which were free; another unit of work took the others meanwhile."""
    given = [curve for _, curve in numbered]
    written = await bulk.insert_ignore(
        tx,
        CURVE,
        {
            "meter_no": [curve.meter_no for curve in given],
            "day": [curve.day for curve in given],
            "quantity": [curve.quantity for curve in given],
            "version": [number for number, _ in numbered],
            "interval_minutes": [curve.interval_minutes for curve in given],
            "values": [_text(curve) for curve in given],
            "upload_id": [upload_id] * len(given),
        },
        key=("meter_no", "day", "quantity", "version"),
    )
    return {(CurveKey(row.meter_no, row.day, row.quantity), row.version) for row in written}


async def judge(tx: Tx, numbered: Sequence[tuple[int, Curve]]) -> None:
    """Mark what versions have that is more than their point can use."""
    given = [curve for _, curve in numbered]
    await bulk.update_from(
        tx,
        CURVE,
        {
            "meter_no": [curve.meter_no for curve in given],
            "day": [curve.day for curve in given],
            "quantity": [curve.quantity for curve in given],
            "version": [number for number, _ in numbered],
            "values": [_text(curve) for curve in given],
        },
        key=("meter_no", "day", "quantity", "version"),
    )


def _by_key(rows: Sequence[Row[Any]]) -> dict[CurveKey, list[Curve]]:
    found: dict[CurveKey, list[Curve]] = {}
    for row in rows:
        curve = _curve(row)
        found.setdefault(curve.key, []).append(curve)
    return found


def _text(curve: Curve) -> str:
    slots = zip(curve.values, curve.quality, strict=True)
    return ",".join("" if v is None else str(v) if letter == ACTUAL else f"{v}{letter}" for v, letter in slots)


def _curve(row: Row[Any]) -> Curve:
    cells = row._mapping["values"].split(",")
    letters = [MISSING if not cell else ACTUAL if cell[-1].isdigit() else cell[-1] for cell in cells]
    return Curve(
        meter_no=row.meter_no,
        day=row.day,
        quantity=row.quantity,
        interval_minutes=row.interval_minutes,
        values=tuple(int(cell.rstrip("es")) if cell else None for cell in cells),
        quality="".join(letters),
    )
