"""Seals of meters, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, true

from services.reading.base import equals
from services.reading.network.store import meters
from services.reading.stock import tables
from services.reading.stock.domain.seals import Seal, SealEvent
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

EVENT, SEAL = tables.SEAL_EVENT, tables.SEAL
_TOLD = ("seal_no", "meter_no", "kind", "done_on", "done_by")
_KEY = ("seal_no", "meter_no", "done_on", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of a seal, whether its life has that, and why it never was where it was annulled."""

    event: SealEvent
    fits: bool = False
    annulled_for: str | None = None

    @property
    def annulled(self) -> bool:
        """Whether it never was."""
        return self.annulled_for is not None


async def lock(tx: Tx, seal_nos: Sequence[str]) -> dict[str, int]:
    """Lock the seals that are known, in order of their numbers, and return their versions."""
    rows = await bulk.select_in(tx, SEAL, {"seal_no": seal_nos}, order_by=(SEAL.c.seal_no,), for_update=True)
    return {row.seal_no: row.version for row in rows}


async def of_seals(view: View, seal_nos: Sequence[str]) -> dict[str, list[Told]]:
    """Return what was told of seals, that too which never was."""
    found: dict[str, list[Told]] = {}
    for row in await bulk.select_in(view, EVENT, {"seal_no": seal_nos}):
        found.setdefault(row.seal_no, []).append(_told(row))
    return found


async def of_meter(view: View, meter_no: str) -> list[Told]:
    """Return what happened to the seals of a meter, in order; what never was is not among it."""
    order = EVENT.c.done_on, EVENT.c.seal_no, EVENT.c.kind
    rows = await bulk.select_in(view, EVENT, {"meter_no": [meter_no]}, order_by=order, where=EVENT.c.annulled != 1)
    return [_told(row) for row in rows]


async def sealed(view: View, meter_nos: Sequence[str]) -> set[str]:
    """Return on which of some meters something happened to a seal."""
    rows = await bulk.select_in(view, EVENT, {"meter_no": meter_nos}, where=EVENT.c.annulled != 1)
    return {row.meter_no for row in rows}


def _told(row: Row[Any]) -> Told:
    event = SealEvent(**{name: getattr(row, name) for name in _TOLD})
    return Told(event=event, fits=bool(row.fits), annulled_for=row.annulled_for)


async def insert(tx: Tx, new: Sequence[Told], *, actor: str) -> None:
    """Write what happened to seals."""
    given = _columns(new) | {"actor": [actor] * len(new), "created_at": [tx.now] * len(new)}
    await bulk.insert_rows(tx, EVENT, given)


async def change(tx: Tx, changed: Sequence[Told]) -> None:
    """Write what became of what was told: whether it fits, whether it never was, who did it where that is told otherwise."""
    await bulk.update_from(tx, EVENT, _columns(changed), key=_KEY)


def _columns(told: Sequence[Told]) -> dict[str, list[Any]]:
    given: dict[str, list[Any]] = {name: [getattr(each.event, name) for each in told] for name in _TOLD}
    return given | {
        "fits": [int(each.fits) for each in told],
        "annulled": [int(each.annulled) for each in told],
        "annulled_for": [each.annulled_for for each in told],
    }


async def put(tx: Tx, seals: Sequence[tuple[Seal, int]]) -> set[str]:
    """Write how seals stand, each with its new version, and return the numbers that were applied."""
    given: dict[str, list[Any]] = {
        name: [getattr(seal, name) for seal, _ in seals] for name in ("seal_no", "meter_no", "state", "since")
    }
    given["version"] = [version for _, version in seals]
    return {row.seal_no for row in await bulk.upsert_newer(tx, SEAL, given, key=("seal_no",))}


async def delete(tx: Tx, seal_nos: Sequence[str]) -> None:
    """Delete how seals stand of which nothing is known any more."""
    await bulk.delete_in(tx, SEAL, {"seal_no": seal_nos})


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


async def listed_events(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    seal_no: str | None,
    meter_no: str | None,
    waiting: bool | None,
) -> Sequence[Row[Any]]:
    """Return a page of what was told of seals, first to last; `waiting`: what no life has, or what one has."""
    row = EVENT.c
    own = meters.placed(EVENT, row.meter_no)
    counts = true() if waiting is None else (row.fits == (0 if waiting else 1)) & (row.annulled != 1)
    order = row.done_on, row.seal_no, row.meter_no, row.kind
    return await view.all(
        select(EVENT)
        .select_from(own.source)
        .where(visible(own.org_unit), after(*order))
        .where(equals(row.seal_no, seal_no), equals(row.meter_no, meter_no), counts)
        .order_by(*order)
        .limit(limit)
    )
