"""When the reads of a route were taken and came in: the first steps of the clock of its bills (抄表次日)."""

from datetime import date
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.policies.domain import Policies
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import reads, uploads
from services.reading.usage.store import closings
from shared.db.engine import View


async def last(
    view: View, route_no: str, read_date: date, *, closed_on: date, policies: Policies, zone: ZoneInfo
) -> tuple[date | None, date | None]:
    """Return the day of the latest read by which tasks of a route are read, and that on which the last of them came in.

    None where nothing was read. When it came in is known by the clock alone: it is told to be on the day of the closing at most.
    """
    keys = [identity.natural_key(each) for each in await closings.closing_reads(view, route_no, read_date)]
    if not keys:
        return None, None
    days = ReadDays(policies, zone)
    brought = await uploads.received(view, await reads.uploads_of(view, keys))
    came_in = max((calendar.local_day(each.received_at, zone) for each in brought.values()), default=None)
    return max(days.of(key.read_at) for key in keys), min(came_in, closed_on) if came_in else None
