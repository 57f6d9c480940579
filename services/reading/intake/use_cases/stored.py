"""Reads that were there before the task that they close."""

from collections.abc import Sequence
from dataclasses import replace

from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import corrections, reads
from services.reading.reads.store.reads import Span, StoredRead
from services.reading.tasks.domain.tasks import TaskKey
from services.reading.usage.domain import ranking
from services.reading.usage.domain.versions import ClosingRead
from shared.db.engine import Tx


async def closing(tx: Tx, tasks: Sequence[TaskKey], days: ReadDays) -> list[ClosingRead]:
    """Return the best stored read for each of the tasks that has one, with its correction; one that was annulled is none.

    The best has the highest rank; of equal rank it is the nearest to midnight.
    """
    if not tasks:
        return []
    bounds = {day: days.bounds(day) for day in {day for _, day in tasks}}
    spans = [
        Span(service_point_no=point, day=day, starts_at=bounds[day][0], ends_at=bounds[day][1]) for point, day in tasks
    ]
    found = [(days.seconds_from_midnight(row.key.read_at), _closing(row)) for row in await reads.of_days(tx, spans)]
    edits = await corrections.in_force(tx, [read.read_id for _, read in found])
    best: dict[TaskKey, tuple[tuple[int, int, str], ClosingRead]] = {}
    for seconds, read in found:
        edit = edits.get(read.read_id)
        if edit and (edit.annulled or None in edit.counts):
            continue
        there = _edited(read, edit) if edit else read
        order = -ranking.RANK[there.source], seconds, there.read_id
        key = there.service_point_no, there.read_date
        if key not in best or order < best[key][0]:
            best[key] = order, there
    return [read for _, read in best.values()]


def _closing(row: StoredRead) -> ClosingRead:
    actors = (row.reader, row.uploader) if row.reader and row.reader != row.uploader else (row.uploader,)
    return ClosingRead(
        service_point_no=row.service_point_no,
        read_date=row.day,
        meter_no=row.key.meter_no,
        counts=row.counts,
        source=row.key.source,
        read_id=identity.read_id(*row.key),
        actors=actors,
    )


def _edited(read: ClosingRead, edit: corrections.Edit) -> ClosingRead:
    return replace(
        read,
        counts=tuple([count for count in edit.counts if count is not None]),
        source=ranking.EDITED,
        actors=tuple(dict.fromkeys((*read.actors, edit.actor))),
    )
