"""How right a review rule is: Wilson's interval against published values, the floor, and the order by money at risk."""

from dataclasses import replace

import pytest

from services.billing.review.domain import precision
from services.billing.review.domain.findings import Finding
from services.billing.review.domain.precision import Figures, Floor, Narrowed, Tallies, Tally

FLOOR = Floor(permille=200, verdicts_min=30, prior_permille=500, narrow_verdicts_min=20)


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [
        # R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # the last two mirrored
        (20, 20, 0.8389, 1.0000),
        (28, 29, 0.8282, 0.9939),
    ],
)
def test_the_interval_is_wilsons(right: int, judged: int, low: float, high: float) -> None:
    interval = Tally(found=judged, right=right, wrong=judged - right).interval()
    assert interval is not None
    assert interval[0] == pytest.approx(1000 * low, abs=0.55)
    assert interval[1] == pytest.approx(1000 * high, abs=0.55)


def test_what_was_known_and_what_was_not_judged_is_no_part_of_the_precision() -> None:
    tally = Tally(found=20, right=3, wrong=1, known=9)
    assert (tally.judged, tally.permille) == (4, 750)
    assert tally.interval() == Tally(found=4, right=3, wrong=1).interval()


def test_of_what_nobody_has_judged_there_is_no_precision() -> None:
    tally = Tally(found=3, known=3)
    assert (tally.permille, tally.interval(), tally.is_below(FLOOR)) == (None, None, False)


@pytest.mark.parametrize(
    ("right", "wrong", "below"),
    [
        (0, 29, False),  # too few verdicts
        (0, 30, True),
        (1, 29, True),  # up to 167 ‰
        (2, 28, False),  # up to 213 ‰: it may be above
    ],
)
def test_a_rule_is_below_its_floor_with_verdicts_enough_and_its_whole_interval_under_it(
    right: int, wrong: int, below: bool
) -> None:
    assert Tally(found=30, right=right, wrong=wrong).is_below(FLOOR) is below


def test_a_floor_that_the_interval_just_reaches_is_not_above_it() -> None:
    tally = Tally(found=30, wrong=30)
    assert tally.interval() == (0, 114)
    assert not tally.is_below(replace(FLOOR, permille=114))
    assert tally.is_below(replace(FLOOR, permille=115))


def test_a_rule_is_reckoned_with_its_prior_until_verdicts_outweigh_it() -> None:
    expected = [Tally(found=n, wrong=n).expected(FLOOR) for n in (0, 1, 4, 96)]
    assert expected == [500, 400, 250, 20]
    assert Tally(found=96, right=96).expected(FLOOR) == 980


def test_the_money_at_risk_is_the_amount_times_the_best_rule_that_holds_the_bill() -> None:
    tallies = {"good": Tally(found=96, right=96), "bad": Tally(found=96, wrong=96)}
    cases: list[tuple[int, list[str]]] = [(1000, ["bad", "good"]), (-1000, ["bad"]), (1000, ["new"]), (1000, [])]
    at_risk = [
        precision.at_risk_fen(
            Figures(total_fen=total_fen, energy_wh=0), [Finding(code, "hold") for code in holding], tallies, FLOOR
        )
        for total_fen, holding in cases
    ]
    assert at_risk == [980, 20, 500, 1000]


def test_a_finding_is_about_how_far_the_bill_is_from_what_its_rule_expects() -> None:
    bill = Figures(total_fen=600, energy_wh=1000, bills_before=2, before_fen=2000, before_wh=4000)
    assert precision.stake_fen(bill, {"energy_wh": 1000, "expected_wh": 3001}) == 1000  # 2001 Wh at half a fen
    assert precision.stake_fen(bill, {"energy_wh": 5000, "expected_wh": 3000}) == 1000
    assert precision.stake_fen(bill, {"basic_fen": 70, "expected_fen": 100}) == 30
    assert precision.stake_fen(bill, {"energy_wh": 1000, "unpriced_wh": 400}) == 200
    assert precision.stake_fen(bill, {"in_a_row": 4}) == 400  # the mean is 1000
    first = Figures(total_fen=600, energy_wh=1000)
    assert precision.stake_fen(first, {}) == 600
    assert precision.stake_fen(first, {"energy_wh": 1000, "expected_wh": 500}) == 300
    nothing = Figures(total_fen=0, energy_wh=0, bills_before=2, before_fen=2000)
    assert precision.stake_fen(nothing, {}) == 1000
    assert precision.at_risk_fen(nothing, [], {}, FLOOR) == 1000, "it could not be rated"


def test_a_rule_is_judged_by_bills_like_this_one_as_far_as_verdicts_reach() -> None:
    told = {("home", "north"): 20, ("home", "south"): 19, ("shop", "south"): 1, ("shop", "east"): 2}
    narrowest = {("rule", *of): Tally(found=n + 5, right=n, known=5) for of, n in told.items()}
    tallies = Tallies(narrowest, FLOOR)

    def total(n: int, groups: int) -> Tally:
        return Tally(found=n + 5 * groups, right=n, known=5 * groups)

    assert tallies.of("rule", "home", "north") == Narrowed(total(20, 1), "home", "north")
    assert tallies.of("rule", "home", "south") == Narrowed(total(39, 2), "home", None), (
        "one too few, what is known is none"
    )
    assert tallies.of("rule", "shop", "south") == Narrowed(total(20, 2), None, "south")
    assert tallies.of("rule", "shop", "east") == Narrowed(total(42, 4), None, None)
    assert tallies.of("other", "home", "north") == Narrowed(Tally(), None, None)
