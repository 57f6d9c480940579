"""Reads, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, Row, String, and_, func, select

from services.reading.network.domain.registers import Registers
from services.reading.network.store import installations
from services.reading.reads import tables
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store import uploads
from services.reading.reads.store.corrections import Edit
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
    uploader: str,
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
        "uploader": travel.same([uploader if reader else None for reader in readers]),
    }
    return await bulk.claim(tx, READ, rows, key=("meter_no", "read_at", "source", "quantity"))


@dataclass(slots=True)
class Stored:
    """A read as it is stored: the count of each register, and the upload that brought it; its reader, where one is named.

    A register that was added to its installation since may have come with another upload than the others.
    """

    counts: dict[str, int]
    uploads: dict[str, str]
    reader: str | None

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
            READ.c.reader,
        ),
        for_update=for_update,
    )
    found: dict[ReadKey, Stored] = {}
    for meter_no, read_at, source, quantity, count, upload_id, reader in map(tuple, rows):
        read = found.setdefault(ReadKey(meter_no, read_at, source), Stored({}, {}, reader))
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
    """Instants of an installation: [starts_at, ends_at)."""

    point: str
    meter_no: str
    installed_on: date
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where registers of an installation are looked for around a day: in [low, before), and in [after, high)."""

    point: str
    meter_no: str
    installed_on: date
    low: datetime
    before: datetime
    after: datetime
    high: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRead:
    """A whole read of an installation, with its correction where it has one."""

    point: str
    installed_on: date
    registers: Registers
    key: ReadKey
    reader: str | None
    uploader: str
    counts: Mapping[str, int]
    edit: Edit | None = None

    @property
    def faces(self) -> tuple[int | None, ...]:
        """The faces in the order of the registers, those of the correction where there is one."""
        if self.edit is not None:
            return self.edit.counts
        return tuple([self.counts.get(register.quantity) for register in self.registers])

    @property
    def turns(self) -> tuple[int | None, ...] | None:
        """How often each face had turned, where a person stated it."""
        if self.edit is None or not self.edit.turns:
            return None
        return tuple([self.edit.turns.get(register.quantity) for register in self.registers])


async def within(view: View, spans: Sequence[Span]) -> list[MeterRead]:
    """Return the reads of installations within spans; one that lies in several is returned once for each of its installations."""
    given = travel.relation(
        view,
        "given",
        {
            "point": (String(), [span.point for span in spans]),
            "meter_no": (String(), [span.meter_no for span in spans]),
            "installed_on": (Date(), [span.installed_on for span in spans]),
            "starts": (columns.Instant, [span.starts_at for span in spans]),
            "ends": (columns.Instant, [span.ends_at for span in spans]),
        },
    )
    inside = and_(READ.c.meter_no == given.c.meter_no, READ.c.read_at >= given.c.starts, READ.c.read_at < given.c.ends)
    source = installations.with_installations(given.join(READ, inside), given)
    rows = await view.all(
        select(given.c.point, given.c.installed_on, READ, uploads.uploader_of(READ), *installations.FACES).select_from(
            source
        )
    )
    return _whole(rows)


def _whole(rows: Sequence[Row[Any]]) -> list[MeterRead]:
    """Return whole reads of the rows of their registers."""
    counts: dict[tuple[str, date, ReadKey], dict[str, int]] = {}
    heads: dict[tuple[str, date, ReadKey], Row[Any]] = {}
    for row in rows:
        key = row.point, row.installed_on, ReadKey(row.meter_no, row.read_at, row.source)
        heads[key] = row
        counts.setdefault(key, {})[row.quantity] = row._mapping["count"]
    return [
        MeterRead(
            point=point,
            installed_on=installed_on,
            registers=installations.faces(head),
            key=key,
            reader=head.reader,
            uploader=head.brought_by,
            counts=counts[point, installed_on, key],
        )
        for (point, installed_on, key), head in heads.items()
    ]


async def of_day(
    view: View, service_point_nos: Sequence[str], day: date, starts_at: datetime, ends_at: datetime
) -> list[MeterRead]:
    """Return the reads that were taken of the meters on points within a day."""
    given = travel.relation(view, "given", {"point": (String(), list(service_point_nos))})
    meters = installations.meters_there(given, day)
    inside = and_(READ.c.meter_no == meters.meter_no, READ.c.read_at >= starts_at, READ.c.read_at < ends_at)
    return _whole(
        await view.all(
            select(given.c.point, meters.installed_on, READ, uploads.uploader_of(READ), *meters.faces).select_from(
                meters.source.join(READ, inside)
            )
        )
    )


async def nearest(view: View, gaps: Sequence[Gap]) -> list[tuple[datetime | None, datetime | None]]:
    """Return the instants of the nearest reads before and after each of the gaps."""
    given = travel.relation(
        view,
        "given",
        {
            "i": (Integer(), list(range(len(gaps)))),
            "meter_no": (String(), [gap.meter_no for gap in gaps]),
            "low": (columns.Instant, [gap.low for gap in gaps]),
            "before": (columns.Instant, [gap.before for gap in gaps]),
            "after": (columns.Instant, [gap.after for gap in gaps]),
            "high": (columns.Instant, [gap.high for gap in gaps]),
        },
    )

    def one(edge: ColumnElement[datetime], start: ColumnElement[datetime], end: ColumnElement[datetime]) -> Any:
        inside = and_(READ.c.meter_no == given.c.meter_no, READ.c.read_at >= start, READ.c.read_at < end)
        return select(edge).where(inside).correlate(given).scalar_subquery()

    rows = await view.all(
        select(
            given.c.i,
            one(func.max(READ.c.read_at), given.c.low, given.c.before).label("earlier"),
            one(func.min(READ.c.read_at), given.c.after, given.c.high).label("later"),
        )
    )
    found = {row.i: (row.earlier, row.later) for row in rows}
    return [found[i] for i in range(len(gaps))]


async def uploads_of(view: View, keys: Sequence[ReadKey]) -> list[str]:
    """Return the uploads that brought reads, each once."""
    given: dict[str, list[Any]] = {
        "meter_no": [key.meter_no for key in keys],
        "read_at": [key.read_at for key in keys],
        "source": [key.source for key in keys],
    }
    rows = await bulk.select_in(view, READ, given, columns=[READ.c.upload_id])
    return sorted({row.upload_id for row in rows})


async def registers_of(view: View, key: ReadKey) -> Sequence[Row[Any]]:
    """Return the rows of a read, one per register."""
    return await view.all(
        select(READ).where(READ.c.meter_no == key.meter_no, READ.c.read_at == key.read_at, READ.c.source == key.source)
    )
