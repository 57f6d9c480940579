"""Reads that wait for an installation of their meter, in and out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import equals
from services.reading.network.domain.installations import Placement
from services.reading.reads import tables
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.domain.identity import ReadKey
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

WAITING = tables.WAITING
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
            if placement.installed_on <= day and (placement.removed_on is None or day <= placement.removed_on):
                touched[ReadKey(row.meter_no, row.read_at, row.source)] = placement.service_point_no, day
                break
    await delete(tx, list(touched))
    return set(touched.values())


async def delete(tx: Tx, keys: Sequence[ReadKey]) -> None:
    """Delete reads that do not wait any more."""
    await bulk.delete_in(tx, WAITING, {name: [getattr(key, name) for key in keys] for name in KEY})


async def oldest(view: View) -> datetime | None:
    """Return since when the oldest waiting read waits."""
    since: datetime | None = await view.scalar(
        select(WAITING.c.waiting_since).order_by(WAITING.c.waiting_since).limit(1)
    )
    return since


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, meter_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of the reads that wait, by meter and instant."""
    waiting = WAITING.c
    order = waiting.meter_no, waiting.read_at, waiting.source
    return await view.all(
        select(WAITING)
        .where(visible(waiting.org_unit), after(*order), equals(waiting.meter_no, meter_no))
        .order_by(*order)
        .limit(limit)
    )
