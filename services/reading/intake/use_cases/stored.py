"""Reads that were there before the task that they close."""

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.reads.domain import identity
from services.reading.reads.store import corrections, reads
from services.reading.reads.store.reads import Span
from services.reading.tasks.domain.tasks import TaskKey
from services.reading.usage.domain import ranking
from services.reading.usage.domain.versions import ClosingRead
from shared.db.engine import Tx


async def closing(tx: Tx, tasks: Sequence[TaskKey], zone: ZoneInfo) -> list[ClosingRead]:
    """Return the best stored read for each of the tasks that has one, with its correction; the earliest of equal rank."""
    if not tasks:
        return []
    bounds = {day: calendar.day_bounds(day, zone) for day in {day for _, day in tasks}}
    spans = [
        Span(service_point_no=point, day=day, starts_at=bounds[day][0], ends_at=bounds[day][1]) for point, day in tasks
    ]
    rows = await reads.of_days(tx, spans)
    best: dict[TaskKey, ClosingRead] = {}
    for row in rows:
        actors = (row.reader, row.uploader) if row.reader and row.reader != row.uploader else (row.uploader,)
        read = ClosingRead(
            service_point_no=row.service_point_no,
            read_date=row.day,
            meter_no=row.key.meter_no,
            counts=row.counts,
            source=row.key.source,
            read_id=identity.read_id(*row.key),
            actors=actors,
        )
        there = best.get((row.service_point_no, row.day))
        if there is None or ranking.beats(read.source, there.source):
            best[row.service_point_no, row.day] = read
    edits = await corrections.in_force(tx, [read.read_id for read in best.values()])
    return [_edited(read, edits[read.read_id]) if read.read_id in edits else read for read in best.values()]


def _edited(read: ClosingRead, edit: corrections.Edit) -> ClosingRead:
    return replace(
        read,
        counts=edit.counts,
        source=ranking.EDITED,
        actors=tuple(dict.fromkeys((*read.actors, edit.actor))),
    )
