"""Reads, their corrections and the uploads that brought them: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Row, String, and_, or_, select

from services.reading.adapters import store
from services.reading.domain.registers import Counts
from shared.db import bulk, columns
from shared.db.engine import Tx, View


async def insert_reads(tx: Tx, columns: bulk.Columns) -> int:
    """Claim and write register rows in one statement; return how many were new."""
    return await bulk.claim(tx, store.READ, columns, key=("meter_no", "read_at", "source", "quantity"))


@dataclass(slots=True)
class Stored:
    """A read as it is stored: the count of each register, and the upload that brought it."""

    upload_id: str
    counts: dict[str, int]


async def stored_reads(view: View, keys: Sequence[store.ReadKey]) -> dict[store.ReadKey, Stored]:
    """Return what is stored under natural keys."""
    rows = await bulk.select_in(
        view,
        store.READ,
        {"meter_no": [k[0] for k in keys], "read_at": [k[1] for k in keys], "source": [k[2] for k in keys]},
        columns=(
            store.READ.c.meter_no,
            store.READ.c.read_at,
            store.READ.c.source,
            store.READ.c.quantity,
            store.READ.c["count"],
            store.READ.c.upload_id,
        ),
    )
    found: dict[store.ReadKey, Stored] = {}
    for meter_no, read_at, source, quantity, count, upload_id in map(tuple, rows):
        found.setdefault((meter_no, read_at, source), Stored(upload_id, {})).counts[quantity] = count
    return found


async def insert_uploads(
    tx: Tx, upload_id: str, kind: str, uploader: str, message_id: str, by_cycle: Mapping[str, Mapping[str, int]]
) -> None:
    """Write what an upload brought, counted by cycle and outcome."""
    count = len(by_cycle)
    totals = list(by_cycle.values())
    await bulk.insert_rows(
        tx,
        store.UPLOAD,
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
        },
    )


@dataclass(frozen=True, slots=True)
class StoredRead:
    """A whole read of the meter that was on a point on a day."""

    service_point_no: str
    day: date
    meter_no: str
    read_at: datetime
    source: str
    reader: str | None
    uploader: str
    counts: Counts


async def reads_of_days(view: View, days: Sequence[tuple[str, date, datetime, datetime]]) -> list[StoredRead]:
    """Return the reads of the meters on points within (point, day, first instant, end), in order of time."""
    given = bulk.relation(
        view,
        "given",
        {
            "point": (String(), [each[0] for each in days]),
            "day": (Date(), [each[1] for each in days]),
            "starts": (columns.Instant, [each[2] for each in days]),
            "ends": (columns.Instant, [each[3] for each in days]),
        },
    )
    there = and_(
        store.INSTALLATION.c.service_point_no == given.c.point,
        store.INSTALLATION.c.installed_on <= given.c.day,
        or_(store.INSTALLATION.c.removed_on.is_(None), store.INSTALLATION.c.removed_on >= given.c.day),
    )
    within = and_(
        store.READ.c.meter_no == store.INSTALLATION.c.meter_no,
        store.READ.c.read_at >= given.c.starts,
        store.READ.c.read_at < given.c.ends,
    )
    uploader = (
        select(store.UPLOAD.c.uploader)
        .where(store.UPLOAD.c.upload_id == store.READ.c.upload_id)
        .limit(1)
        .correlate(store.READ)
        .scalar_subquery()
    )
    rows = await view.all(
        select(
            given.c.point,
            given.c.day,
            store.READ,
            uploader.label("uploader"),
            store.METER.c.registers,
            store.METER.c.numerator,
            store.METER.c.denominator,
        )
        .select_from(given)
        .join(store.INSTALLATION, there)
        .join(store.METER, store.METER.c.meter_no == store.INSTALLATION.c.meter_no)
        .join(store.READ, within)
        .order_by(store.READ.c.read_at)
    )
    values: dict[tuple[str, date, store.ReadKey], dict[str, int]] = {}
    heads: dict[tuple[str, date, store.ReadKey], Row[Any]] = {}
    for row in rows:
        key = (row.point, row.day, (row.meter_no, row.read_at, row.source))
        heads[key] = row
        values.setdefault(key, {})[row.quantity] = row._mapping["count"]
    return [
        StoredRead(
            point,
            day,
            *read_key,
            heads[key].reader,
            heads[key].uploader,
            store.ordered(store.faces(heads[key]), values[key]),
        )
        for key in heads
        for point, day, read_key in (key,)
    ]


@dataclass(frozen=True, slots=True)
class Edit:
    """The correction of a read that is in force."""

    number: int
    counts: str
    actor: str


async def corrections(view: View, read_ids: Sequence[str]) -> dict[str, Edit]:
    """Return the correction in force of each of the reads that has one."""
    rows = await bulk.select_in(view, store.CORRECTION, {"read_id": read_ids}, order_by=(store.CORRECTION.c.number,))
    return {row.read_id: Edit(row.number, row.counts, row.actor) for row in rows}


async def actors_of_read(view: View, key: store.ReadKey) -> tuple[str, ...]:
    """Return who read and who uploaded a read."""
    row = await view.first(
        select(store.READ.c.reader, store.UPLOAD.c.uploader)
        .join(store.UPLOAD, store.UPLOAD.c.upload_id == store.READ.c.upload_id)
        .where(store.READ.c.meter_no == key[0], store.READ.c.read_at == key[1], store.READ.c.source == key[2])
        .limit(1)
    )
    return tuple(filter(None, row)) if row else ()
