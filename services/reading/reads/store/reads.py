"""Reads, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Row, String, and_, select

from services.reading.network.domain.registers import Counts, ordered
from services.reading.network.store import installations
from services.reading.network.store.meters import faces, with_faces
from services.reading.reads import tables
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import uploads
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

READ = tables.READ


async def insert_reads(tx: Tx, columns: travel.Columns) -> int:
    """Claim and write register rows in one statement; return how many were new."""
    often_same = {name: travel.same(columns[name]) for name in ("read_at", "source", "upload_id", "reader")}
    return await bulk.claim(tx, READ, {**columns, **often_same}, key=("meter_no", "read_at", "source", "quantity"))


@dataclass(slots=True)
class Stored:
    """A read as it is stored: the count of each register, and the upload that brought it."""

    upload_id: str
    counts: dict[str, int]


async def stored_reads(view: View, keys: Sequence[ReadKey]) -> dict[ReadKey, Stored]:
    """Return what is stored under natural keys."""
    rows = await bulk.select_in(
        view,
        READ,
        {"meter_no": [k[0] for k in keys], "read_at": [k[1] for k in keys], "source": [k[2] for k in keys]},
        columns=(
            READ.c.meter_no,
            READ.c.read_at,
            READ.c.source,
            READ.c.quantity,
            READ.c["count"],
            READ.c.upload_id,
        ),
    )
    found: dict[ReadKey, Stored] = {}
    for meter_no, read_at, source, quantity, count, upload_id in map(tuple, rows):
        found.setdefault((meter_no, read_at, source), Stored(upload_id, {})).counts[quantity] = count
    return found


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
    given = travel.relation(
        view,
        "given",
        {
            "point": (String(), [each[0] for each in days]),
            "day": (Date(), [each[1] for each in days]),
            "starts": (columns.Instant, [each[2] for each in days]),
            "ends": (columns.Instant, [each[3] for each in days]),
        },
    )
    meters = installations.meters_there(given)
    within = and_(
        READ.c.meter_no == meters.meter_no,
        READ.c.read_at >= given.c.starts,
        READ.c.read_at < given.c.ends,
    )
    rows = await view.all(
        select(
            given.c.point,
            given.c.day,
            READ,
            uploads.uploader_of(READ),
            *meters.faces,
        )
        .select_from(meters.source.join(READ, within))
        .order_by(READ.c.read_at)
    )
    values: dict[tuple[str, date, ReadKey], dict[str, int]] = {}
    heads: dict[tuple[str, date, ReadKey], Row[Any]] = {}
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
            ordered(faces(heads[key]), values[key]),
        )
        for key in heads
        for point, day, read_key in (key,)
    ]


async def registers_of(view: View, key: ReadKey) -> Sequence[Row[Any]]:
    """Return the rows of a read, one per register, each with the columns of its meter's faces."""
    mine = select(READ).where(READ.c.meter_no == key[0], READ.c.read_at == key[1], READ.c.source == key[2])
    return await view.all(with_faces(mine, READ.c.meter_no))


async def actors_of_read(view: View, key: ReadKey) -> tuple[str, ...]:
    """Return who read and who uploaded a read."""
    row = await view.first(
        select(READ.c.reader, uploads.UPLOAD.c.uploader)
        .join(uploads.UPLOAD, uploads.UPLOAD.c.upload_id == READ.c.upload_id)
        .where(READ.c.meter_no == key[0], READ.c.read_at == key[1], READ.c.source == key[2])
        .limit(1)
    )
    return tuple(filter(None, row)) if row else ()
