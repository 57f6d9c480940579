"""Cycles and their read dates."""

from calendar import monthrange
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reading.network.domain.reference import Route
from services.reading.tasks.domain.route_cycles import next_planned, planned_before, read_date
from services.reading.tasks.domain.tasks import cycle_of

DAYS = st.dates(date(1951, 1, 1), date(2199, 12, 31))


def route(read_day: int, months: int = 1, first_month: int = 1) -> Route:
    return Route(route_no="R1", org_unit="zj", read_day=read_day, months=months, first_month=first_month)


ROUTES = st.integers(1, 3).flatmap(
    lambda months: st.builds(route, st.integers(1, 31), st.just(months), st.integers(1, months))
)


def is_planned(plan: Route, day: date) -> bool:
    """As a person would say it: in its months, on its day, or on the last where the month has no such day."""
    months = {month for month in range(1, 13) if month in range(plan.first_month, 13, plan.months)}
    last = monthrange(day.year, day.month)[1]
    return day.month in months and (day.day == plan.read_day or (day.day == last and plan.read_day > last))


def test_a_cycle_is_the_month_of_the_day_before_its_read_date() -> None:
    assert cycle_of(date(2026, 2, 1)) == "2026-01"
    assert cycle_of(date(2026, 2, 2)) == "2026-02"
    assert read_date(route(15), date(2026, 2, 15)) == date(2026, 2, 15)
    assert read_date(route(15), date(2026, 2, 14)) is None


def test_a_month_without_the_read_day_is_read_on_its_last() -> None:
    assert read_date(route(31), date(2026, 2, 28)) == date(2026, 2, 28)
    assert read_date(route(31), date(2024, 2, 28)) is None
    assert read_date(route(31), date(2024, 2, 29)) == date(2024, 2, 29)
    assert read_date(route(31), date(2026, 4, 30)) == date(2026, 4, 30)
    assert read_date(route(29), date(2026, 3, 30)) == date(2026, 3, 29)


@given(plan=ROUTES, day=DAYS)
def test_read_dates_are_in_the_routes_months_on_its_day_and_no_other(plan: Route, day: date) -> None:
    after, before = next_planned(plan, day), planned_before(plan, day)
    assert before < day <= after
    assert is_planned(plan, before)
    assert is_planned(plan, after)
    between = [before + timedelta(days=n) for n in range(1, (after - before).days)]
    assert not any(is_planned(plan, each) for each in between)
    so_far = [day.replace(day=n) for n in range(1, day.day + 1)]
    assert read_date(plan, day) == next((each for each in so_far if is_planned(plan, each)), None)
