"""Reads that were there before the task that they close."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.store import codec
from services.reading.reads.domain import identity
from services.reading.reads.store import corrections, reads
from services.reading.usage.domain import ranking
from services.reading.usage.domain.versions import ClosingRead
from shared.db.engine import Tx


async def closing(tx: Tx, tasks: Sequence[tuple[str, date]], zone: ZoneInfo) -> list[ClosingRead]:
    """Return the best stored read for each of the tasks that has one, with its correction; the earliest of equal rank."""
    if not tasks:
        return []
    bounds = {day: calendar.day_bounds(day, zone) for day in {day for _, day in tasks}}
    rows = await reads.reads_of_days(tx, [(point, day, *bounds[day]) for point, day in tasks])
    best: dict[tuple[str, date], ClosingRead] = {}
    for row in rows:
        read_id = identity.read_id(row.meter_no, row.read_at, row.source)
        actors = (row.reader, row.uploader) if row.reader and row.reader != row.uploader else (row.uploader,)
        read = ClosingRead(
            service_point_no=row.service_point_no,
            read_date=row.day,
            meter_no=row.meter_no,
            counts=row.counts,
            source=row.source,
            read_id=read_id,
            actors=actors,
        )
        there = best.get((row.service_point_no, row.day))
        if there is None or ranking.beats(read.source, there.source):
            best[row.service_point_no, row.day] = read
    edits = await corrections.corrections(tx, [read.read_id for read in best.values()])
    return [_edited(read, edits[read.read_id]) if read.read_id in edits else read for read in best.values()]


def _edited(read: ClosingRead, edit: corrections.Edit) -> ClosingRead:
    return replace(
        read,
        counts=codec.counts(edit.counts),
        source=ranking.EDITED,
        actors=tuple(dict.fromkeys((*read.actors, edit.actor))),
    )
