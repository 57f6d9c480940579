"""Day curves that wait for an installation of their meter, in and out: every function is one statement, but for `begin`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Date, String, and_, select

from services.reading.network.store import meters
from services.reading.reads import tables
from services.reading.reads.domain.cover import Stretch
from services.reading.reads.domain.curves import CurveKey
from services.reading.reads.store import waits
from shared.db import bulk, travel
from shared.db.engine import Tx

CURVE, WAITING = tables.CURVE, tables.WAITING_CURVE
oldest, listed = partial(waits.oldest, table=WAITING), partial(waits.listed, table=WAITING)


async def insert(tx: Tx, given: Mapping[CurveKey, str]) -> None:
    """Write curves that begin to wait, each with the org unit of its meter; one that waits already goes on as it is."""
    await bulk.insert_ignore(
        tx,
        WAITING,
        _columns(list(given)) | {"org_unit": list(given.values()), "waiting_since": [tx.now] * len(given)},
        key=CurveKey._fields,
    )


async def covered(tx: Tx, stretches: Sequence[Stretch]) -> list[CurveKey]:
    """Return the waiting curves of these days, locked to the end of the unit of work."""
    rows = await bulk.select_in(tx, WAITING, {"meter_no": [each.meter_no for each in stretches]}, for_update=True)
    return [
        CurveKey(row.meter_no, row.day, row.quantity)
        for row in rows
        if any(each.meter_no == row.meter_no and each.first <= row.day <= each.last for each in stretches)
    ]


async def delete(tx: Tx, keys: Sequence[CurveKey]) -> None:
    """Delete curves that do not wait any more."""
    await bulk.delete_in(tx, WAITING, _columns(keys))


async def begin(tx: Tx, stretches: Sequence[Stretch]) -> None:
    """Let curves wait whose days no installation covers any more (`cover.lost`). Three statements."""
    if not stretches:
        return
    given = travel.relation(
        tx,
        "given",
        {
            "meter_no": (String(), [each.meter_no for each in stretches]),
            "first": (Date(), [each.first for each in stretches]),
            "last": (Date(), [each.last for each in stretches]),
        },
    )
    inside = and_(CURVE.c.meter_no == given.c.meter_no, CURVE.c.day >= given.c.first, CURVE.c.day <= given.c.last)
    columns = CURVE.c.meter_no, CURVE.c.day, CURVE.c.quantity
    rows = await tx.all(select(*columns).select_from(given.join(CURVE, inside)).distinct())
    known = await meters.by_no(tx, list({row.meter_no for row in rows}))
    keys = [CurveKey(row.meter_no, row.day, row.quantity) for row in rows]
    await insert(tx, {key: known[key.meter_no].org_unit for key in keys})


def _columns(keys: Sequence[CurveKey]) -> dict[str, list[Any]]:
    return {name: [getattr(key, name) for key in keys] for name in CurveKey._fields}
