"""Civil days of the utility: the local day of an instant, and the instants of a day."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAYS_KEPT = 4096  # some hundred bytes each: the days of a batch are few, and each of its points asks for them


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the civil date of an instant."""
    return instant.astimezone(zone).date()


def last_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the last day that what happened may name at an instant: tomorrow, as a clock in the field may be ahead."""
    return local_day(instant, zone) + timedelta(days=1)


def read_day(read_at: datetime, zone: ZoneInfo, tolerance_seconds: int) -> date:
    """Return the day that a read counts for: its civil date, or the next one within a tolerance before midnight."""
    return local_day(read_at.astimezone(UTC) + timedelta(seconds=tolerance_seconds), zone)


@lru_cache(DAYS_KEPT)
def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a civil day and of the next, in UTC: 23 to 25 hours where clocks change."""
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)
