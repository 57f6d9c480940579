"""How an account pays is a function of what was due and when it was settled."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from services.collection.standings.domain import Due, Rules, judge

RULES = Rules(
    months=12,
    late_days=10,
    sometimes_late_from=1,
    often_late_from=3,
    often_late_percent=25,
    hardship_reasons=("other",),
)
ON = date(2026, 4, 15)


def due(months_ago: int, days_late: int | None) -> Due:
    day = date(2026 - (months_ago > 3), (3 - months_ago) % 12 + 1, 10)
    return Due(day, None if days_late is None else day + timedelta(days=days_late))


def standing(*of: Due, is_hardship: bool = False) -> str:
    return judge(RULES, of, ON, is_hardship=is_hardship).standing


@pytest.mark.parametrize(
    ("late", "on_time", "expected"),
    [
        (0, 12, "prompt"),
        (1, 11, "sometimes_late"),
        (2, 10, "sometimes_late"),
        (3, 9, "often_late"),
        (3, 10, "sometimes_late"),
    ],
)
def test_how_many_were_late_and_of_how_many_decides(late: int, on_time: int, expected: str) -> None:
    days = [ON - timedelta(days=27 * n) for n in range(1, late + on_time + 1)]
    found = [Due(day, day + timedelta(days=11 if n < late else 10)) for n, day in enumerate(days)]
    assert standing(*found) == expected


def test_what_is_owed_counts_once_it_is_late_and_what_was_settled_after_the_day_was_owed_on_it() -> None:
    assert standing(Due(ON - timedelta(days=10), None)) == "prompt"
    assert standing(Due(ON - timedelta(days=11), None)) == "sometimes_late"
    assert standing(Due(ON - timedelta(days=11), ON + timedelta(days=1))) == "sometimes_late"
    assert standing(Due(ON + timedelta(days=1), None)) == "prompt"


def test_what_is_older_counts_as_long_as_it_is_owed() -> None:
    old = date(2024, 1, 1)
    assert standing(Due(old, date(2024, 6, 1))) == "prompt"
    found = judge(RULES, [Due(old, None)], ON, is_hardship=False)
    assert (found.standing, found.due_count, found.late_count, found.owed_late_count) == ("sometimes_late", 1, 1, 1)


def test_hardship_is_said_by_a_person_and_the_figures_stay() -> None:
    found = judge(RULES, [due(1, None), due(2, 30), due(3, 20)], ON, is_hardship=True)
    assert (found.standing, found.late_count, found.owed_late_count) == ("hardship", 3, 1)


def test_the_order_decides_nothing() -> None:
    of = [due(1, None), due(2, 30), due(3, 2), due(4, 40)]
    assert len({judge(RULES, order, ON, is_hardship=False) for order in permutations(of)}) == 1
