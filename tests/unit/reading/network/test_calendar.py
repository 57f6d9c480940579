"""Civil days."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar


def test_a_day_has_23_to_25_hours_where_clocks_change() -> None:
    london = ZoneInfo("Europe/London")
    hours = []
    for day in (date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25)):
        start, end = calendar.day_bounds(day, london)
        hours.append((end - start).total_seconds() / 3600)
    assert hours == [23, 24, 25]


def test_a_read_counts_for_the_next_day_from_its_tolerance_before_midnight_on() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    instants = [f"2026-01-31T{time}+08:00" for time in ("23:58:59", "23:59:00", "23:59:59")]
    days = [calendar.read_day(datetime.fromisoformat(each), shanghai, 60) for each in instants]
    assert days == [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 1)]
    assert calendar.read_day(datetime.fromisoformat(instants[2]), shanghai, 0) == date(2026, 1, 31)
