"""When a letter of which nothing was heard counts as delivered: the utility's policy, not the product's."""

from datetime import date

import pytest

from services.notify.letters.domain import is_presumed
from services.notify.policies.domain import Letters

POSTED = date(2026, 2, 2)


@pytest.mark.parametrize(
    ("letters", "legal_effect", "on", "presumed"),
    [
        (Letters(), False, date(2027, 1, 1), False),
        (Letters(delivered_after_days=15), False, date(2026, 2, 16), False),
        (Letters(delivered_after_days=15), False, date(2026, 2, 17), True),
        (Letters(delivered_after_days=15), True, date(2027, 1, 1), False),
        (Letters(delivered_after_days_legal=30), True, date(2026, 3, 4), True),
        (Letters(delivered_after_days_legal=30), False, date(2027, 1, 1), False),
    ],
)
def test_a_letter_counts_as_delivered_after_as_many_days_as_the_policy_says_of_such_a_kind(
    letters: Letters, *, legal_effect: bool, on: date, presumed: bool
) -> None:
    assert is_presumed(letters, legal_effect=legal_effect, posted_on=POSTED, on=on) is presumed
