"""Corrections of reads, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from services.reading.network.domain.registers import Counts
from services.reading.network.store import codec
from services.reading.reads import tables
from shared.db import bulk
from shared.db.engine import Tx, View

CORRECTION = tables.CORRECTION


@dataclass(frozen=True, slots=True)
class Edit:
    """The correction of a read that is in force."""

    number: int
    counts: str
    actor: str


async def corrections(view: View, read_ids: Sequence[str]) -> dict[str, Edit]:
    """Return the correction in force of each of the reads that has one."""
    rows = await bulk.select_in(view, CORRECTION, {"read_id": read_ids}, order_by=(CORRECTION.c.number,))
    return {row.read_id: Edit(row.number, row.counts, row.actor) for row in rows}


async def of_read(view: View, read_id: str) -> Sequence[Row[Any]]:
    """Return all corrections of a read, in order."""
    return await bulk.select_in(view, CORRECTION, {"read_id": [read_id]}, order_by=(CORRECTION.c.number,))


async def insert(tx: Tx, *, read_id: str, number: int, counts: Counts, reason: str, actor: str) -> None:
    """Write the next correction of a read."""
    await bulk.insert_rows(
        tx,
        CORRECTION,
        {
            "read_id": [read_id],
            "number": [number],
            "counts": [codec.counts_text(counts)],
            "reason": [reason],
            "actor": [actor],
            "created_at": [tx.now],
        },
    )
