"""Field entries and their batches, in and out: every function is one statement, or says how many."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Row, func, select, update

from services.reading.base import equals
from services.reading.field import tables
from services.reading.field.domain.entries import ENTERED, RELEASED, BatchKey, Entry, FieldBatch
from services.reading.observations.domain import Observed
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.outcome import Outcome

BATCH, ENTRY = tables.BATCH, tables.ENTRY


async def last_batches(tx: Tx, reader: str, keys: Sequence[BatchKey]) -> dict[BatchKey, FieldBatch]:
    """Return the last batch of a reader under each of the keys, all locked to the end of the unit of work."""
    rows = await bulk.select_in(
        tx,
        BATCH,
        {"route_no": [key.route_no for key in keys], "read_date": [key.read_date for key in keys]},
        where=BATCH.c.reader == reader,
        order_by=(BATCH.c.route_no, BATCH.c.read_date, BATCH.c.number),
        for_update=True,
    )
    return {batch.key: batch for batch in map(_batch, rows)}


async def insert_batches(tx: Tx, batches: Sequence[FieldBatch]) -> set[str]:
    """Insert batches, but for those that somebody else makes at this moment; return the ids of the new ones."""
    columns: dict[str, list[Any]] = {
        "batch_id": [each.batch_id for each in batches],
        "reader": [each.reader for each in batches],
        "route_no": [each.route_no for each in batches],
        "read_date": [each.read_date for each in batches],
        "number": [each.number for each in batches],
        "cycle": [each.cycle for each in batches],
        "org_unit": [each.org_unit for each in batches],
        "released_by": [None] * len(batches),
    }
    return {row.batch_id for row in await bulk.insert_ignore(tx, BATCH, columns, key=("batch_id",))}


async def sizes(view: View, batch_ids: Sequence[str]) -> dict[str, int]:
    """Count the entries of batches, whatever became of them."""
    rows = await view.all(
        select(ENTRY.c.batch_id, func.count().label("size"))
        .where(ENTRY.c.batch_id.in_(batch_ids))
        .group_by(ENTRY.c.batch_id)
    )
    return {row.batch_id: row.size for row in rows}


async def batch(view: View, batch_id: str) -> FieldBatch | None:
    """Return a batch."""
    row = await view.first(select(BATCH).where(BATCH.c.batch_id == batch_id))
    return None if row is None else _batch(row)


async def lock_batches(tx: Tx, batch_ids: Sequence[str]) -> dict[str, FieldBatch]:
    """Return batches by their ids, locked to the end of the unit of work."""
    order = (BATCH.c.route_no, BATCH.c.read_date, BATCH.c.number)
    rows = await bulk.select_in(tx, BATCH, {"batch_id": batch_ids}, order_by=order, for_update=True)
    return {row.batch_id: _batch(row) for row in rows}


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    route_no: str | None,
    cycle: str | None,
    open_: bool,
) -> Sequence[Row[Any]]:
    """Return a page of batches by read date, each with how many entries wait in it; `open_`: those not released alone."""
    row = BATCH.c
    waiting = (
        select(func.count())
        .where(ENTRY.c.batch_id == row.batch_id, ENTRY.c.state == ENTERED)
        .correlate(BATCH)
        .scalar_subquery()
        .label("waiting")
    )
    where = [visible(row.org_unit), equals(row.route_no, route_no), equals(row.cycle, cycle), after(row.batch_id)]
    where += [row.released_by.is_(None)] if open_ else []
    return await view.all(select(BATCH, waiting).where(*where).order_by(row.batch_id).limit(limit))


async def release_batch(tx: Tx, batch_id: str, *, released_by: str, content_hash: str) -> None:
    """Store who released a batch, and what was seen."""
    values = {"released_by": released_by, "content_hash": content_hash, "released_at": tx.now}
    await tx.execute(update(BATCH).where(BATCH.c.batch_id == batch_id).values(values))


async def by_no(view: View, reader: str, entry_nos: Sequence[str]) -> dict[str, Entry]:
    """Return entries of a reader by their numbers."""
    rows = await bulk.select_in(view, ENTRY, {"entry_no": entry_nos}, where=ENTRY.c.reader == reader)
    return {row.entry_no: _entry(row) for row in rows}


async def of_batch(view: View, batch_id: str) -> list[Entry]:
    """Return the entries of a batch in the order in which they were seen."""
    mine = select(ENTRY).where(ENTRY.c.batch_id == batch_id).order_by(ENTRY.c.seen_at, ENTRY.c.entry_no)
    return [_entry(row) for row in await view.all(mine)]


async def insert(tx: Tx, entries: Sequence[Entry]) -> set[str]:
    """Insert entries, but for those whose numbers somebody uses at this moment; return the numbers of the new ones."""
    columns: dict[str, list[Any]] = {
        name: [getattr(each, name) for each in entries]
        for name in ("reader", "entry_no", "batch_id", "service_point_no", "meter_no", "seen_at", "content", "state")
    }
    columns["entered_at"] = [tx.now] * len(entries)
    rows = await bulk.insert_ignore(tx, ENTRY, columns, key=("reader", "entry_no"))
    return {row.entry_no for row in rows}


async def decide(
    tx: Tx,
    reader: str,
    state: str,
    decided: Mapping[str, Outcome],
    *,
    decided_by: str | None,
    reasons: Mapping[str, str],
) -> None:
    """Store what became of entries of a reader, by their numbers; each must still wait."""
    await bulk.update_from(
        tx,
        ENTRY,
        {
            "reader": [reader] * len(decided),
            "entry_no": list(decided),
            "state": [state] * len(decided),
            "reason": [reasons.get(number) for number in decided],
            "decided_by": [decided_by] * len(decided),
            "status": [outcome.status if decided_by else None for outcome in decided.values()],
            "code": [outcome.code or None for outcome in decided.values()],
        },
        key=("reader", "entry_no"),
        where=ENTRY.c.state == ENTERED,
    )


async def points_with_entries(view: View, route_no: str, read_date: date) -> set[str]:
    """Return the points of a route's read date of which something was entered that waits or was released."""
    there = select(ENTRY.c.service_point_no).join(BATCH, BATCH.c.batch_id == ENTRY.c.batch_id)
    mine = BATCH.c.route_no == route_no, BATCH.c.read_date == read_date, ENTRY.c.state.in_((ENTERED, RELEASED))
    return {row.service_point_no for row in await view.all(there.where(*mine).distinct())}


async def entered(view: View, batch_ids: Sequence[str]) -> dict[tuple[str, datetime], datetime]:
    """Return when what was released of batches had been entered, by meter and the instant at which it was seen."""
    rows = await bulk.select_in(view, ENTRY, {"batch_id": batch_ids}, where=ENTRY.c.state == RELEASED)
    return {(row.meter_no, row.seen_at): row.entered_at for row in rows}


def _batch(row: Row[Any]) -> FieldBatch:
    return FieldBatch(
        reader=row.reader,
        route_no=row.route_no,
        read_date=row.read_date,
        number=row.number,
        cycle=row.cycle,
        org_unit=row.org_unit,
        released_by=row.released_by,
        content_hash=row.content_hash,
        released_at=row.released_at,
    )


def _entry(row: Row[Any]) -> Entry:
    said = orjson.loads(row.content)
    return Entry(
        reader=row.reader,
        entry_no=row.entry_no,
        batch_id=row.batch_id,
        service_point_no=row.service_point_no,
        meter_no=row.meter_no,
        seen_at=row.seen_at,
        content=row.content,
        registers=said["registers"],
        unread_reason=said["unread_reason"],
        notes=said["notes"],
        observations=[Observed(**each) for each in said.get("observations", ())],
        state=row.state,
        reason=row.reason,
        decided_by=row.decided_by,
        status=row.status,
        code=row.code,
    )
