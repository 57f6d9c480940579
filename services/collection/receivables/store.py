"""Documents that wait for their account."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, select

from services.collection.ledger.domain.documents import CORRECTION, Correction, Debt
from services.collection.ledger.store.locks import ARRIVAL
from services.collection.receivables import tables
from shared.db import bulk, locks
from shared.db.engine import Tx, View

WAITING = tables.WAITING
WAITING_PAGE = 1000  # corrections read at a time: some kilobytes each

# How documents are kept that wait for their account.
DEBT = TypeAdapter(Debt)
WHOLE_CORRECTION = TypeAdapter(Correction)


async def hold_arrivals(tx: Tx, *, alone: bool) -> None:
    """Keep accounts from appearing (or, alone, documents from starting to wait) until the unit of work ends."""
    await locks.advisory(tx, ARRIVAL, alone=alone)


async def take_waiting(tx: Tx, account_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Take out the documents that wait for these accounts, in the order in which they came."""
    table = tables.WAITING
    rows = await bulk.select_in(tx, table, {"waiting_for": account_nos}, order_by=(table.c.position,))
    await bulk.delete_in(tx, table, {"position": [row.position for row in rows]})
    return rows


async def wait(tx: Tx, rows: Mapping[str, Sequence[Any]]) -> set[tuple[str, str]]:
    """Store documents until their account is known; return the (kind, id) of those that were not waiting before."""
    columns = {**rows, "received_at": [tx.now] * len(rows["kind"])}
    key = ("document_id", "kind")
    rows_new = await bulk.insert_ignore(tx, tables.WAITING, columns, key=key)
    return {(row.kind, row.document_id) for row in rows_new}


async def waiting(tx: Tx, kind: str, document_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the payloads of documents that wait, and whose word each is, locked to the end of the unit of work."""
    c = tables.WAITING.c
    rows = await bulk.select_in(
        tx,
        tables.WAITING,
        {"document_id": document_ids},
        columns=(c.document_id, c.payload, c.word),
        where=c.kind == kind,
        order_by=(c.position,),
        for_update=True,
    )
    return {row.document_id: row for row in rows}


async def speak(tx: Tx, kind: str, words: Mapping[str, str]) -> None:
    """Note whose word documents are that wait already."""
    columns = {"kind": [kind] * len(words), "document_id": list(words), "word": list(words.values())}
    await bulk.update_from(tx, tables.WAITING, columns, key=("kind", "document_id"))


async def waiting_oldest(view: View) -> datetime | None:
    """Return since when the oldest document waits for its account."""
    found: datetime | None = await view.scalar(select(WAITING.c.received_at).order_by(WAITING.c.position).limit(1))
    return found


async def waiting_corrections(view: View) -> AsyncIterator[Correction]:
    """Yield the corrections that wait, in the order in which they came."""
    last = 0
    of_page = select(WAITING.c.position, WAITING.c.payload).order_by(WAITING.c.position).limit(WAITING_PAGE)
    while rows := await view.all(of_page.where(WAITING.c.kind == CORRECTION, WAITING.c.position > last)):
        for row in rows:
            yield WHOLE_CORRECTION.validate_json(row.payload)
        last = rows[-1].position
