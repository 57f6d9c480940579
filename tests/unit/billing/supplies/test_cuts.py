"""Which days a point was cut, from what was switched in any order."""

from datetime import UTC, date, datetime
from itertools import permutations

from services.billing.supplies.domain import Cuts, Switch, cuts_of


def switch(action: str, day: int, hour: int = 2) -> Switch:
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    return Switch(order_no=f"{action}{day}.{hour}", action=action, switched_at=at, switched_on=date(2026, 3, day))


def day(number: int) -> date:
    return date(2026, 3, number)


def test_the_spans_are_the_same_in_any_order() -> None:
    switches = [switch("cut", 5), switch("restore", 8), switch("restore", 9), switch("cut", 20), switch("cut", 21)]
    for order in permutations(switches):
        assert cuts_of(order) == Cuts(((day(5), day(8)), (day(20), None)))


def test_a_cut_and_its_restoring_on_one_day_leave_no_day_without_supply() -> None:
    cuts = cuts_of([switch("restore", 5, 9), switch("cut", 5, 2)])
    assert cuts.days(day(1), day(31)) == 0
    assert not cuts.covers(day(5), day(6))


def test_a_period_is_covered_only_where_every_day_of_it_was_cut() -> None:
    cuts = cuts_of([switch("cut", 5), switch("restore", 8)])
    assert cuts.covers(day(5), day(8))
    assert cuts.covers(day(6), day(7))
    assert not cuts.covers(day(4), day(8))
    assert not cuts.covers(day(5), day(9))
    assert cuts.days(day(1), day(7)) == 2
    assert cuts_of([switch("cut", 5)]).covers(day(10), day(31))
