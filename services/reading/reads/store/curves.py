"""Day curves, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.reading.reads import tables
from shared.db import bulk, travel
from shared.db.engine import Tx, View

CURVE = tables.CURVE


async def stored(view: View, keys: Sequence[tuple[str, date, str]]) -> dict[tuple[str, date, str], tuple[int, str]]:
    """Return the interval and the values, as they are stored, by meter, day and quantity."""
    rows = await bulk.select_in(
        view,
        CURVE,
        {"meter_no": [k[0] for k in keys], "day": [k[1] for k in keys], "quantity": [k[2] for k in keys]},
    )
    return {(row.meter_no, row.day, row.quantity): (row.interval_minutes, str(row._mapping["values"])) for row in rows}


async def insert(tx: Tx, columns: travel.Columns) -> None:
    """Write curves, all of which are new."""
    await bulk.insert_rows(tx, CURVE, columns)


async def update(tx: Tx, columns: travel.Columns) -> None:
    """Write curves over those of the same meter, day and quantity."""
    await bulk.update_from(tx, CURVE, columns, key=("meter_no", "day", "quantity"))


async def curve(view: View, meter_no: str, day: date, quantity: str) -> Row[Any] | None:
    """Return the curve of one quantity of a meter on a day."""
    return await view.first(
        select(CURVE).where(CURVE.c.meter_no == meter_no, CURVE.c.day == day, CURVE.c.quantity == quantity)
    )
