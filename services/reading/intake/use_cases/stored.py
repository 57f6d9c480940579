"""Reads that were there before the task that they close."""

from collections.abc import Sequence
from datetime import date

from services.reading.reads.store import reads
from services.reading.usage.use_cases.arriving import Arrived
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import Tx


async def of_day(tx: Tx, service_point_nos: Sequence[str], day: date, loader: Loader) -> list[Arrived]:
    """Return the reads of points within a day, with their corrections; those that were annulled are none."""
    if not service_point_nos:
        return []
    rows = await loader.corrected(tx, await reads.of_day(tx, service_point_nos, day, *loader.days.bounds(day)))
    return [
        Arrived(
            service_point_no=row.point,
            meter_no=row.key.meter_no,
            day=read.day,
            read_id=read.read_id,
            registers=row.registers,
            faces=read.faces,
            source=read.source,
            actors=read.actors,
            on_task=True,
        )
        for row, read in zip(rows, map(loader.known, rows), strict=True)
    ]
