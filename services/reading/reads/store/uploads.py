"""Uploads: what one request brought, counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, select

from services.reading.reads import tables
from shared.db import bulk
from shared.db.engine import Tx, View

UPLOAD = tables.UPLOAD


async def insert(
    tx: Tx, *, upload_id: str, kind: str, uploader: str, message_id: str, by_cycle: Mapping[str, Mapping[str, int]]
) -> None:
    """Write what an upload brought, counted by cycle and outcome."""
    count = len(by_cycle)
    totals = list(by_cycle.values())
    await bulk.insert_rows(
        tx,
        UPLOAD,
        {
            "upload_id": [upload_id] * count,
            "cycle": list(by_cycle),
            "kind": [kind] * count,
            "uploader": [uploader] * count,
            "message_id": [message_id] * count,
            "received_at": [tx.now] * count,
            "received": [sum(each.values()) for each in totals],
            "accepted": [each.get("done", 0) for each in totals],
            "already_accepted": [each.get("already_done", 0) for each in totals],
            "conflicting": [each.get("conflicting_duplicate", 0) for each in totals],
            "refused": [each.get("refused", 0) for each in totals],
            "waiting": [each.get("waiting", 0) for each in totals],
        },
    )


class Received(NamedTuple):
    """When an upload came in, and what it was."""

    received_at: datetime
    kind: str
    message_id: str


async def received(view: View, upload_ids: Sequence[str]) -> dict[str, Received]:
    """Return when uploads came in."""
    rows = await bulk.select_in(view, UPLOAD, {"upload_id": upload_ids})
    return {row.upload_id: Received(row.received_at, row.kind, row.message_id) for row in rows}


def uploader_of(read: Table) -> ColumnElement[str]:
    """Return who uploaded each read, as a column `brought_by`."""
    return (
        select(UPLOAD.c.uploader)
        .where(UPLOAD.c.upload_id == read.c.upload_id)
        .limit(1)
        .correlate(read)
        .scalar_subquery()
        .label("brought_by")
    )
