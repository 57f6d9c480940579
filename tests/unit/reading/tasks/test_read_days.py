"""Cycles and their read dates."""

from calendar import monthrange
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reading.network.domain.read_days import AS_ROUTE, FIRST, Plan, ReadDay, in_force, of_point
from services.reading.tasks.domain.route_cycles import months_closed, next_planned, planned_before, planned_in_month
from services.reading.tasks.domain.tasks import cycle_of

DAYS = st.dates(date(1951, 1, 1), date(2199, 12, 31))
A_DAY = timedelta(days=1)


def read_day(day: int, months: int = 1, first_month: int = 1, *, since: str = FIRST) -> ReadDay:
    return ReadDay(since, day, months, first_month)


READ_DAYS = st.integers(1, 3).flatmap(
    lambda months: st.builds(read_day, st.integers(1, 31), st.just(months), st.integers(1, months))
)
MOVED = st.builds(
    lambda first, *others: _moved(first, others),
    READ_DAYS,
    *[st.tuples(st.integers(2019, 2022), st.integers(1, 12), READ_DAYS)] * 3,
)


def _moved(first: ReadDay, others: tuple[tuple[int, int, ReadDay], ...]) -> Plan:
    plan: Plan = (first,)
    for year, month, day in others:
        plan = of_point(plan, (read_day(day.read_day, day.months, day.first_month, since=f"{year}-{month:02}"),))
    return plan


def is_planned(plan: ReadDay, day: date) -> bool:
    """As a person would say it: in its months, on its day, or on the last where the month has no such day."""
    months = {month for month in range(1, 13) if month in range(plan.first_month, 13, plan.months)}
    last = monthrange(day.year, day.month)[1]
    return day.month in months and (day.day == plan.read_day or (day.day == last and plan.read_day > last))


def test_a_cycle_is_the_month_of_the_day_before_its_read_date() -> None:
    assert cycle_of(date(2026, 2, 1)) == "2026-01"
    assert cycle_of(date(2026, 2, 2)) == "2026-02"
    assert planned_in_month((read_day(15),), date(2026, 2, 15)) == [date(2026, 2, 15)]
    assert planned_in_month((read_day(15),), date(2026, 2, 14)) == []


def test_a_month_without_the_read_day_is_read_on_its_last() -> None:
    plan = (read_day(31),)
    assert planned_in_month(plan, date(2026, 2, 28)) == [date(2026, 2, 28)]
    assert planned_in_month(plan, date(2024, 2, 28)) == []
    assert planned_in_month(plan, date(2024, 2, 29)) == [date(2024, 2, 29)]
    assert planned_in_month(plan, date(2026, 4, 30)) == [date(2026, 4, 30)]
    assert planned_in_month((read_day(29),), date(2026, 3, 30)) == [date(2026, 3, 29)]


@given(day_of=READ_DAYS, day=DAYS)
def test_read_dates_are_in_the_routes_months_on_its_day_and_no_other(day_of: ReadDay, day: date) -> None:
    plan = (day_of,)
    after, before = next_planned(plan, day), planned_before(plan, day)
    assert before < day <= after
    assert is_planned(day_of, before)
    assert is_planned(day_of, after)
    between = [before + timedelta(days=n) for n in range(1, (after - before).days)]
    assert not any(is_planned(day_of, each) for each in between)
    so_far = [day.replace(day=n) for n in range(1, day.day + 1)]
    assert planned_in_month(plan, day) == [each for each in so_far if is_planned(day_of, each)]
    assert months_closed(plan, after) == day_of.months


@given(plan=MOVED)
def test_however_often_a_read_day_is_moved_each_cycle_has_one_read_date_of_the_row_that_holds_for_it(
    plan: Plan,
) -> None:
    dates = [date(2018, 1, 1)]
    while dates[-1] < date(2024, 1, 1):
        dates.append(next_planned(plan, dates[-1] + A_DAY))
    dates = dates[1:]
    cycles = [cycle_of(each) for each in dates]
    assert len(set(cycles)) == len(cycles)
    for on, cycle in zip(dates, cycles, strict=True):
        row = [each for each in plan if each.from_cycle <= cycle][-1]
        assert is_planned(row, on)
        assert cycle_of(on) == cycle
    if all(row.months == 1 for row in plan):
        assert cycles == [
            f"{2018 + n // 12}-{n % 12 + 1:02}"
            for n in range(len(cycles) + 12)
            if f"{2018 + n // 12}-{n % 12 + 1:02}" in cycles
        ]
        assert [months_closed(plan, on) for on in dates] == [1] * len(dates)
    first, last = dates[0], dates[-1]
    months = (int(cycles[-1][:4]) - int(cycles[0][:4])) * 12 + int(cycles[-1][5:]) - int(cycles[0][5:])
    assert sum(months_closed(plan, on) for on in dates[1:]) == months, (first, last)


@given(route=MOVED, own=MOVED, again=st.integers(2019, 2022))
def test_a_point_that_is_read_with_its_route_again_follows_all_that_the_route_does_from_then_on(
    route: Plan, own: Plan, again: int
) -> None:
    rows = (*(each for each in own if FIRST < each.from_cycle < f"{again}-07"), ReadDay(f"{again}-07", AS_ROUTE, 1, 1))
    plan = of_point(route, rows)
    assert [each.from_cycle for each in plan] == sorted({each.from_cycle for each in plan})
    for cycle in (f"{year}-{month:02}" for year in range(2018, 2024) for month in range(1, 13)):
        mine = in_force(rows, cycle)
        alone = mine is not None and mine.read_day != AS_ROUTE
        there, wanted = in_force(plan, cycle), in_force(rows if alone else route, cycle)
        assert there
        assert wanted
        assert (there.read_day, there.months) == (wanted.read_day, wanted.months)
