"""Seals of meters, in and out: every function is one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import equals
from services.reading.network.store import meters
from services.reading.stock import tables
from services.reading.stock.domain.seals import Seal, SealEvent
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

EVENT, SEAL = tables.SEAL_EVENT, tables.SEAL
_TOLD = ("seal_no", "meter_no", "kind", "done_on", "done_by")


async def lock(tx: Tx, seal_nos: Sequence[str]) -> dict[str, int]:
    """Lock the seals that are known, in order of their numbers, and return their versions."""
    rows = await bulk.select_in(tx, SEAL, {"seal_no": seal_nos}, order_by=(SEAL.c.seal_no,), for_update=True)
    return {row.seal_no: row.version for row in rows}


async def of_seals(view: View, seal_nos: Sequence[str]) -> dict[str, list[SealEvent]]:
    """Return what happened to seals."""
    found: dict[str, list[SealEvent]] = {}
    for row in await bulk.select_in(view, EVENT, {"seal_no": seal_nos}):
        found.setdefault(row.seal_no, []).append(_event(row))
    return found


async def of_meter(view: View, meter_no: str) -> list[SealEvent]:
    """Return what happened to the seals of a meter, in order."""
    order = EVENT.c.done_on, EVENT.c.seal_no, EVENT.c.kind
    rows = await bulk.select_in(view, EVENT, {"meter_no": [meter_no]}, order_by=order)
    return [_event(row) for row in rows]


def _event(row: Row[Any]) -> SealEvent:
    return SealEvent(**{name: getattr(row, name) for name in _TOLD})


async def insert(tx: Tx, new: Sequence[SealEvent], *, actor: str) -> None:
    """Write what happened to seals."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each in new] for name in _TOLD}
    given |= {"actor": [actor] * len(new), "created_at": [tx.now] * len(new)}
    await bulk.insert_rows(tx, EVENT, given)


async def put(tx: Tx, seals: Sequence[tuple[Seal, int]]) -> set[str]:
    """Write how seals stand, each with its new version, and return the numbers that were applied."""
    given: dict[str, list[Any]] = {
        name: [getattr(seal, name) for seal, _ in seals] for name in ("seal_no", "meter_no", "state", "since")
    }
    given["version"] = [version for _, version in seals]
    return {row.seal_no for row in await bulk.upsert_newer(tx, SEAL, given, key=("seal_no",))}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, meter_no: str | None, state: str | None
) -> Sequence[Row[Any]]:
    """Return a page of seals as they stand, by number."""
    row = SEAL.c
    own = meters.placed(SEAL, row.meter_no)
    return await view.all(
        select(SEAL)
        .select_from(own.source)
        .where(visible(own.org_unit), after(row.seal_no))
        .where(equals(row.meter_no, meter_no), equals(row.state, state))
        .order_by(row.seal_no)
        .limit(limit)
    )
