"""Civil days of the utility: the local day of an instant, and the instants of a day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2200, 1, 1)  # of anything that a utility still reads


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the civil date of an instant: the read of day d closes the period that ends at d, whatever its hour."""
    return instant.astimezone(zone).date()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of a civil day and of the next, in UTC: 23 to 25 hours where clocks change."""
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)
