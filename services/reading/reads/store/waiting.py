"""Reads that wait for an installation of their meter, in and out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import and_, select

from services.reading.network.domain.installations import Placement
from services.reading.network.store import meters
from services.reading.reads import tables
from services.reading.reads.domain import cover, identity
from services.reading.reads.domain.cover import Stretch
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import corrections, waits
from shared.db import bulk, travel
from shared.db.engine import Tx

READ, WAITING = tables.READ, tables.WAITING
oldest, listed = partial(waits.oldest, table=WAITING), partial(waits.listed, table=WAITING)
KEY = ("meter_no", "read_at", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRead:
    """A read that waits, and the org unit of its meter, which may see it."""

    key: ReadKey
    org_unit: str


async def insert(tx: Tx, given: Sequence[WaitingRead]) -> None:
    """Write reads that begin to wait; one that waits already goes on as it is."""
    await bulk.insert_ignore(
        tx,
        WAITING,
        {
            "meter_no": [each.key.meter_no for each in given],
            "read_at": [each.key.read_at for each in given],
            "source": [each.key.source for each in given],
            "org_unit": [each.org_unit for each in given],
            "waiting_since": [tx.now] * len(given),
        },
        key=KEY,
    )


async def settle(tx: Tx, placements: Iterable[Placement], days: ReadDays) -> set[tuple[str, date]]:
    """Delete the reads that one of these installations covers, and return their (point, day): what there is to derive again.

    A read of the day on which a meter is moved belongs to the installation that ends. Two statements.
    """
    by_meter: dict[str, list[Placement]] = {}
    for placement in sorted(placements, key=lambda each: each.installed_on):
        by_meter.setdefault(placement.meter_no, []).append(placement)
    rows = await bulk.select_in(tx, WAITING, {"meter_no": list(by_meter)}, for_update=True)
    touched: dict[ReadKey, tuple[str, date]] = {}
    for row in rows:
        day = days.of(row.read_at)
        for placement in by_meter[row.meter_no]:
            covered = cover.days_of(placement)
            if covered.first <= day <= covered.last:
                touched[ReadKey(row.meter_no, row.read_at, row.source)] = placement.service_point_no, day
                break
    await delete(tx, list(touched))
    return set(touched.values())


async def begin(tx: Tx, stretches: Sequence[Stretch], days: ReadDays) -> None:
    """Let reads wait whose days no installation covers any more (`cover.lost`), but for those annulled. Four statements."""
    if not stretches:
        return
    bounds = [(days.bounds(each.first)[0], days.bounds(each.last)[1]) for each in stretches]
    given = travel.relation(
        tx,
        "given",
        {
            "meter_no": (READ.c.meter_no.type, [each.meter_no for each in stretches]),
            "starts": (READ.c.read_at.type, [starts for starts, _ in bounds]),
            "ends": (READ.c.read_at.type, [ends for _, ends in bounds]),
        },
    )
    inside = and_(READ.c.meter_no == given.c.meter_no, READ.c.read_at >= given.c.starts, READ.c.read_at < given.c.ends)
    rows = await tx.all(
        select(READ.c.meter_no, READ.c.read_at, READ.c.source).select_from(given.join(READ, inside)).distinct()
    )
    keys = [ReadKey(row.meter_no, row.read_at, row.source) for row in rows]
    edits = await corrections.in_force(tx, [identity.read_id(*key) for key in keys])
    annulled = {read_id for read_id, edit in edits.items() if edit.annulled}
    known = await meters.by_no(tx, list({key.meter_no for key in keys}))
    begun = [key for key in keys if identity.read_id(*key) not in annulled]
    await insert(tx, [WaitingRead(key=key, org_unit=known[key.meter_no].org_unit) for key in begun])


async def delete(tx: Tx, keys: Sequence[ReadKey]) -> None:
    """Delete reads that do not wait any more."""
    await bulk.delete_in(tx, WAITING, {name: [getattr(key, name) for key in keys] for name in KEY})
