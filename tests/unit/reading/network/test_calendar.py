"""Civil days."""

from datetime import date
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar


def test_a_day_has_23_to_25_hours_where_clocks_change() -> None:
    london = ZoneInfo("Europe/London")
    hours = []
    for day in (date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25)):
        start, end = calendar.day_bounds(day, london)
        hours.append((end - start).total_seconds() / 3600)
    assert hours == [23, 24, 25]
