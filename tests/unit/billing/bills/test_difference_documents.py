"""What a difference document says, from the two bills that it lies between."""

from dataclasses import replace
from datetime import date

import pytest

from services.billing.bills.domain import differences
from services.billing.bills.domain.differences import LineDifference
from services.billing.bills.domain.policy import DELTA, REVERSAL_AND_NEW, STYLES
from services.billing.rating.rating_types import Line
from shared.exact import Exact

LINE = Line(
    charge="energy",
    zh="电度电费",
    kind="energy",
    period=None,
    tier=1,
    quantity=None,
    unit="kWh",
    price=None,
    exact=Exact(0, 1),
    amount_fen=0,
    tariff="T",
    version="1",
    from_=date(2026, 1, 1),
    to=date(2026, 2, 1),
    factors=(),
    on=(),
)


def line(amount_fen: int, *, charge: str = "energy", period: str | None = None, tier: int | None = 1) -> Line:
    return replace(LINE, charge=charge, period=period, tier=tier, amount_fen=amount_fen)


def test_components_are_new_less_old_and_those_that_did_not_change_are_left_out() -> None:
    old, new = {"energy": 500, "levy": 20, "tax": 7}, {"tax": 7, "energy": 450, "fund": 3}
    assert differences.components(old, new) == [("energy", -50), ("fund", 3), ("levy", -20)]


def test_a_cancelled_bill_differs_by_all_of_it() -> None:
    assert differences.components({"energy": 500, "tax": -7}, {}) == [("energy", -500), ("tax", 7)]


def test_lines_differ_by_charge_period_and_tier_over_all_segments() -> None:
    old = [line(100, period="peak"), line(40, period="peak"), line(30, period="valley"), line(9, tier=2)]
    new = [line(150, period="peak"), line(30, period="valley")]
    assert differences.lines(old, new) == [
        LineDifference(charge="energy", title="电度电费", period="peak", tier=1, before_fen=140, now_fen=150),
        LineDifference(charge="energy", title="电度电费", period=None, tier=2, before_fen=9, now_fen=0),
    ]


@pytest.mark.parametrize("wanted", STYLES)
def test_the_policy_decides_unless_a_bill_is_told_by_difference(wanted: str) -> None:
    assert differences.style(wanted, [False, False]) == wanted
    assert differences.style(wanted, [False, True]) == DELTA
    assert differences.style(REVERSAL_AND_NEW, []) == REVERSAL_AND_NEW
