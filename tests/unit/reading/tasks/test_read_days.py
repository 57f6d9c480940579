"""Cycles and their read dates."""

from datetime import date

from services.reading.tasks.domain.route_cycles import read_date
from services.reading.tasks.domain.tasks import cycle_of


def test_a_cycle_is_the_month_of_the_day_before_its_read_date() -> None:
    assert cycle_of(date(2026, 2, 1)) == "2026-01"
    assert cycle_of(date(2026, 2, 2)) == "2026-02"
    assert read_date(15, date(2026, 2, 15)) == date(2026, 2, 15)
    assert read_date(15, date(2026, 2, 14)) is None
