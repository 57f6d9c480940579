"""What stored reads count once other faces show them; every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, and_, select

from services.reading.network.domain.registers import Shown
from services.reading.network.store import codec
from services.reading.reads import tables
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.store.corrections import CORRECTION
from shared.db import bulk, travel
from shared.db.engine import Tx, View

READ = tables.READ


@dataclass(frozen=True, slots=True)
class Span:
    """Instants of a meter: [starts_at, ends_at)."""

    meter_no: str
    starts_at: datetime
    ends_at: datetime


async def counts(view: View, spans: Sequence[Span]) -> list[dict[ReadKey, dict[str, int]]]:
    """Return for each of the spans what its reads count, by quantity."""
    given = travel.relation(
        view,
        "given",
        {
            "i": (Integer(), list(range(len(spans)))),
            "meter_no": (READ.c.meter_no.type, [span.meter_no for span in spans]),
            "starts": (READ.c.read_at.type, [span.starts_at for span in spans]),
            "ends": (READ.c.read_at.type, [span.ends_at for span in spans]),
        },
    )
    inside = and_(READ.c.meter_no == given.c.meter_no, READ.c.read_at >= given.c.starts, READ.c.read_at < given.c.ends)
    rows = await view.all(
        select(given.c.i, READ.c.meter_no, READ.c.read_at, READ.c.source, READ.c.quantity, READ.c["count"]).select_from(
            given.join(READ, inside)
        )
    )
    found: list[dict[ReadKey, dict[str, int]]] = [{} for _ in spans]
    for i, meter_no, read_at, source, quantity, count in map(tuple, rows):
        found[i].setdefault(ReadKey(meter_no, read_at, source), {})[quantity] = count
    return found


async def edited(view: View, read_ids: Sequence[str]) -> dict[tuple[str, int], Shown]:
    """Return what all corrections of reads count, by read and number."""
    rows = await bulk.select_in(view, CORRECTION, {"read_id": read_ids})
    return {(row.read_id, row.number): codec.shown(row.counts) for row in rows}


async def write(tx: Tx, counts: Mapping[tuple[ReadKey, str], int]) -> None:
    """Write what the registers of reads count."""
    keys = list(counts)
    await bulk.update_from(
        tx,
        READ,
        {
            "meter_no": [key.meter_no for key, _ in keys],
            "read_at": [key.read_at for key, _ in keys],
            "source": [key.source for key, _ in keys],
            "quantity": [quantity for _, quantity in keys],
            "count": list(counts.values()),
        },
        key=("meter_no", "read_at", "source", "quantity"),
    )


async def write_edited(tx: Tx, counts: Mapping[tuple[str, int], Shown]) -> None:
    """Write what corrections count."""
    await bulk.update_from(
        tx,
        CORRECTION,
        {
            "read_id": [read_id for read_id, _ in counts],
            "number": [number for _, number in counts],
            "counts": [codec.counts_text(each) for each in counts.values()],
        },
        key=("read_id", "number"),
    )
