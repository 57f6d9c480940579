"""The policies of two provinces ship as examples, and are policies."""

from datetime import date, timedelta

import pytest

from services.collection import main
from services.collection.prepaid import domain
from services.collection.settings import SHIPPED_POLICY, CollectionSettings

ON = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("name", "levels", "wait"),
    [("seven_days", (5_000,), timedelta(days=7)), ("half_an_hour", (3_000,), timedelta(minutes=30))],
)
def test_an_example_says_when_a_prepaid_customer_is_warned_and_cut(
    name: str, levels: tuple[int, ...], wait: timedelta
) -> None:
    file = SHIPPED_POLICY.parent / "examples" / f"{name}.json"
    settings = CollectionSettings.load({"WATTLINE_TOKEN_KEY": "k" * 40, "WATTLINE_COLLECTION_POLICY": str(file)})
    rules = domain.rules_on(main.load_policies(settings).prepaid, ON)
    assert rules is not None
    assert (rules.warn_fen, rules.cut_after, rules.below_fen) == (levels, wait, 0)
