"""Reads, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Row, String, and_, select

from services.reading.network.domain.registers import Counts, ordered
from services.reading.network.store import installations
from services.reading.reads import tables
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import uploads
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

READ = tables.READ


async def claim(
    tx: Tx,
    *,
    upload_id: str,
    keys: Sequence[ReadKey],
    quantities: Sequence[str],
    counts: Sequence[int],
    readers: Sequence[str | None],
) -> int:
    """Claim and write register rows in one statement; return how many were new. `keys` is repeated for each register."""
    rows = {
        "meter_no": [key.meter_no for key in keys],
        "read_at": travel.same([key.read_at for key in keys]),
        "source": travel.same([key.source for key in keys]),
        "quantity": quantities,
        "count": counts,
        "upload_id": travel.Same(upload_id, len(keys)),
        "reader": travel.same(readers),
    }
    return await bulk.claim(tx, READ, rows, key=("meter_no", "read_at", "source", "quantity"))


@dataclass(slots=True)
class Stored:
    """A read as it is stored: the count of each register, and the upload that brought it.

    A register that was added to its installation since may have come with another upload than the others.
    """

    counts: dict[str, int]
    uploads: dict[str, str]

    def brought_by(self, upload_id: str) -> list[str]:
        """Return the quantities that an upload brought."""
        return [quantity for quantity, brought in self.uploads.items() if brought == upload_id]


async def stored(view: View, keys: Sequence[ReadKey], *, for_update: bool = False) -> dict[ReadKey, Stored]:
    """Return what is stored under natural keys; `for_update` locks it to the end of the unit of work."""
    rows = await bulk.select_in(
        view,
        READ,
        {
            "meter_no": [key.meter_no for key in keys],
            "read_at": [key.read_at for key in keys],
            "source": [key.source for key in keys],
        },
        columns=(
            READ.c.meter_no,
            READ.c.read_at,
            READ.c.source,
            READ.c.quantity,
            READ.c["count"],
            READ.c.upload_id,
        ),
        for_update=for_update,
    )
    found: dict[ReadKey, Stored] = {}
    for meter_no, read_at, source, quantity, count, upload_id in map(tuple, rows):
        read = found.setdefault(ReadKey(meter_no, read_at, source), Stored({}, {}))
        read.counts[quantity], read.uploads[quantity] = count, upload_id
    return found


async def take_back(tx: Tx, upload_id: str, keys: Sequence[ReadKey]) -> None:
    """Delete what an upload brought of reads that are there with other content."""
    await bulk.delete_in(
        tx,
        READ,
        {
            "meter_no": [key.meter_no for key in keys],
            "read_at": [key.read_at for key in keys],
            "source": [key.source for key in keys],
        },
        where=READ.c.upload_id == upload_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A local day of a point, with its first instant and that of the next day."""

    service_point_no: str
    day: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRead:
    """A whole read of the meter that was on a point on a day."""

    service_point_no: str
    day: date
    key: ReadKey
    reader: str | None
    uploader: str
    counts: Counts


async def of_days(view: View, spans: Sequence[Span]) -> list[StoredRead]:
    """Return the reads of the meters on points within their days, in order of time."""
    given = travel.relation(
        view,
        "given",
        {
            "point": (String(), [span.service_point_no for span in spans]),
            "day": (Date(), [span.day for span in spans]),
            "starts": (columns.Instant, [span.starts_at for span in spans]),
            "ends": (columns.Instant, [span.ends_at for span in spans]),
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
        key = row.point, row.day, ReadKey(row.meter_no, row.read_at, row.source)
        heads[key] = row
        values.setdefault(key, {})[row.quantity] = row._mapping["count"]
    found = []
    for (point, day, read), head in heads.items():
        shown = ordered(installations.faces(head), values[point, day, read])
        counts = tuple([count for count in shown if count is not None])
        if len(counts) == len(shown):  # else a register was added since, which this read does not tell
            found.append(
                StoredRead(
                    service_point_no=point,
                    day=day,
                    key=read,
                    reader=head.reader,
                    uploader=head.uploader,
                    counts=counts,
                )
            )
    return found


async def registers_of(view: View, key: ReadKey) -> Sequence[Row[Any]]:
    """Return the rows of a read, one per register."""
    return await view.all(
        select(READ).where(READ.c.meter_no == key.meter_no, READ.c.read_at == key.read_at, READ.c.source == key.source)
    )


async def actors(view: View, key: ReadKey) -> tuple[str, ...]:
    """Return who read and who uploaded a read."""
    row = await view.first(
        select(READ.c.reader, uploads.UPLOAD.c.uploader)
        .join(uploads.UPLOAD, uploads.UPLOAD.c.upload_id == READ.c.upload_id)
        .where(READ.c.meter_no == key.meter_no, READ.c.read_at == key.read_at, READ.c.source == key.source)
        .limit(1)
    )
    return tuple(filter(None, row)) if row else ()
