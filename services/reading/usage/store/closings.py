"""What the usages of a route's cycle rest on when it is closed."""

from datetime import date

from sqlalchemy import select

from services.reading.usage import tables
from shared.db.engine import View

USAGE = tables.USAGE


async def closing_reads(view: View, route_no: str, read_date: date) -> list[str]:
    """Return the reads with which the first versions end that were told of a route's cycle in time, each once."""
    usage = USAGE.c
    rows = await view.all(
        select(usage.closing_read_ids).where(
            usage.route_no == route_no,
            usage.read_date == read_date,
            usage.period_to == read_date,
            usage.version == 1,
            usage.late == 0,
            usage.withdrawn == 0,
        )
    )
    return sorted({read_id for row in rows for read_id in row.closing_read_ids.split()})
