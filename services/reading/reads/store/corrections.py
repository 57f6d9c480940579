"""Corrections of reads, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Row, and_, select

from services.reading.network.domain.registers import Shown
from services.reading.network.store import codec
from services.reading.reads import tables
from services.reading.reads.domain import identity
from shared.db import bulk
from shared.db.engine import Tx, View

CORRECTION = tables.CORRECTION
EDITED, ANNULLED = "edited", "annulled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A correction of a read; that with the highest number is in force.

    An annulled read counts for nothing, as if it had never come; `counts` are those that it had before. `turns` says of a
    quantity how often its face has passed its last number since the known register before; one that is not named is not known.
    `found_on`: the day on which it was found to be wrong, as who corrects it says, where that was an earlier one.
    """

    read_id: str
    number: int
    kind: str
    counts: Shown
    turns: Mapping[str, int] = field(default_factory=dict)
    confirmed: bool = False
    reason: str
    reader: str | None = None
    actor: str
    created_at: datetime
    found_on: date | None = None

    @property
    def annulled(self) -> bool:
        """Whether the read counts for nothing."""
        return self.kind == ANNULLED


async def in_force(view: View, read_ids: Sequence[str]) -> dict[str, Edit]:
    """Return the correction in force of each of the reads that has one."""
    rows = await bulk.select_in(view, CORRECTION, {"read_id": read_ids}, order_by=(CORRECTION.c.number,))
    return {row.read_id: _edit(row) for row in rows}


async def of_reads(view: View, read_ids: Sequence[str]) -> list[Edit]:
    """Return all corrections of reads; those of one in order."""
    order = CORRECTION.c.read_id, CORRECTION.c.number
    return [_edit(row) for row in await bulk.select_in(view, CORRECTION, {"read_id": read_ids}, order_by=order)]


async def made_between(
    view: View, since: datetime, until: datetime, *, meter_nos: Sequence[str] | None = None
) -> list[Edit]:
    """Return the corrections that were made within a time, of reads of some meters or of all."""
    row = CORRECTION.c
    order, within = (row.created_at, row.read_id, row.number), and_(row.created_at >= since, row.created_at < until)
    if meter_nos is None:
        rows = await view.all(select(CORRECTION).where(within).order_by(*order))
    else:
        rows = await bulk.select_in(view, CORRECTION, {"meter_no": meter_nos}, where=within, order_by=order)
    return [_edit(row) for row in rows]


def _edit(row: Row[Any]) -> Edit:
    return Edit(
        read_id=row.read_id,
        number=row.number,
        kind=row.kind,
        counts=codec.shown(row.counts),
        turns=orjson.loads(row.turns) if row.turns else {},
        confirmed=bool(row.confirmed),
        reason=row.reason,
        reader=row.reader,
        actor=row.actor,
        created_at=row.created_at,
        found_on=row.found_on,
    )


async def insert(tx: Tx, edit: Edit) -> None:
    """Write the next correction of a read."""
    await bulk.insert_rows(
        tx,
        CORRECTION,
        {
            "read_id": [edit.read_id],
            "number": [edit.number],
            "kind": [edit.kind],
            "counts": [codec.counts_text(edit.counts)],
            "turns": [orjson.dumps(edit.turns, option=orjson.OPT_SORT_KEYS).decode() if edit.turns else ""],
            "confirmed": [int(edit.confirmed)],
            "reason": [edit.reason],
            "reader": [edit.reader],
            "actor": [edit.actor],
            "created_at": [edit.created_at],
            "found_on": [edit.found_on],
            "meter_no": [identity.natural_key(edit.read_id).meter_no],
        },
    )
