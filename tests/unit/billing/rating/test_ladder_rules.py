"""Ladders: limits, quota in the year, seasons, shares of periods, free kWh. Figures from published practice where there are."""

from datetime import date
from typing import Any

import pytest

from services.billing.rating import rating
from tests.unit.billing.rating.beside import both
from tests.unit.billing.rating.documents import (
    HOME,
    LIMITS,
    TIERS,
    changed,
    cycle,
    people,
    request,
    state,
    tiers,
    year_book,
)


@pytest.mark.parametrize(
    ("kwh", "expected"),
    [(2760, [2760, 0, 0]), (2761, [2760, 1, 0]), (4800, [2760, 2040, 0]), (4801, [2760, 2040, 1]), (0, [0, 0, 0])],
)
def test_kwh_fill_the_tiers_up_to_their_limits(kwh: int, expected: list[int]) -> None:
    assert tiers(rating.rate_one(cycle(1, kwh), year_book())) == expected


def test_one_wh_above_the_limit_is_in_the_next_tier() -> None:
    bill = rating.rate_one(cycle(1, 0, wh={"import": 2_760_001}), year_book())
    assert [(line.tier, line.quantity) for line in bill.lines] == [(1, 2_760_000), (2, 1)]


def test_negative_kwh_are_taken_back_from_the_highest_tier_first() -> None:
    bill = rating.rate_one(cycle(3, -2100, used=(2760, 2040, 10)), year_book())
    assert tiers(bill) == [-50, -2040, -10]
    assert bill.state == state(2_710_000, 0, 0)


def test_negative_kwh_beyond_all_that_was_used_stay_as_negative_use_of_tier_1() -> None:
    bill = rating.rate_one(cycle(3, -100, used=(40, 0, 0)), year_book())
    assert bill.state == state(-60_000, 0, 0)


def test_an_account_opened_in_june_has_the_quota_of_seven_months() -> None:
    opened = people((date(2026, 6, 15), 3))
    first = cycle(6, 1611, from_=date(2026, 6, 15), facts=opened)
    assert tiers(rating.rate_one(first, year_book())) == [1610, 1, 0]


def test_the_opening_can_be_named_where_the_facts_begin_later() -> None:
    asked = cycle(6, 2761, facts=people((date(2026, 6, 1), 3)), opened=date(2019, 1, 1))
    assert tiers(rating.rate_one(asked, year_book())) == [2760, 1, 0]


def test_where_part_years_do_not_count_the_opening_does_not_matter() -> None:
    asked = cycle(6, 2761, facts=people((date(2026, 6, 1), 3)))
    assert tiers(rating.rate_one(asked, year_book({"/ladders/year/part_year": "whole_year"}))) == [2760, 1, 0]


def test_a_large_household_has_100_kwh_a_month_more_in_tier_1_and_tier_2_keeps_its_width() -> None:
    asked = cycle(1, 6001, facts=people((date(2020, 1, 1), 5)))
    assert tiers(rating.rate_one(asked, year_book())) == [3960, 2040, 1]


def test_where_every_tier_is_widened_tier_2_grows_too() -> None:
    book = year_book({"/ladders/year/household/widens": "all_tiers"})
    asked = cycle(1, 7201, facts=people((date(2020, 1, 1), 5)))
    assert tiers(rating.rate_one(asked, book)) == [3960, 3240, 1]


def test_a_household_registered_in_july_has_room_from_july_on_and_billed_kwh_keep_their_tier() -> None:
    facts = people((date(2020, 1, 1), 4), (date(2026, 7, 20), 5))
    bill = rating.rate_one(cycle(7, 700, used=(2760, 240, 0), facts=facts), year_book())
    # 6 months x 100 kWh of room came back in tier 1; the 240 kWh of tier 2 stay there
    assert tiers(bill) == [600, 100, 0]
    assert bill.state == state(3_360_000, 340_000, 0)


def test_a_registration_after_the_cycle_does_not_count_in_it() -> None:
    facts = people((date(2020, 1, 1), 4), (date(2026, 8, 1), 5))
    assert tiers(rating.rate_one(cycle(7, 100, used=(2760, 0, 0), facts=facts), year_book())) == [0, 100, 0]


def test_quota_that_ends_in_the_year_leaves_no_room_but_takes_nothing_back() -> None:
    facts = people((date(2020, 1, 1), 5), (date(2026, 7, 1), 4))
    bill = rating.rate_one(cycle(7, 100, used=(3500, 0, 0), facts=facts), year_book())
    assert tiers(bill) == [0, 100, 0]  # 2,760 + 6 x 100 = 3,360 of 3,500 used


def test_limits_are_multiplied_by_the_households_behind_the_meter() -> None:
    facts = (rating.AccountSpan(date(2020, 1, 1), households=3),)
    book = year_book({"/ladders/year/times_households": True})
    assert tiers(rating.rate_one(cycle(1, 14_401, facts=facts), book)) == [8280, 6120, 1]
    later = (rating.AccountSpan(date(2020, 1, 1), date(2026, 7, 1)), rating.AccountSpan(date(2026, 7, 1), households=3))
    assert tiers(rating.rate_one(cycle(7, 6000, facts=later), book)) == [1380 + 4140, 480, 0]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("by_months_of_each_version", [180, 120, 0]), ("new_limits_for_the_whole_year", [300, 0, 0])],
)
def test_new_limits_in_july_hold_by_the_named_rule(rule: str, expected: list[int]) -> None:
    old = {LIMITS: ["2160", "4200"], "/effective/to": "2026-07-01", "/on_change/limits": rule}
    new = {LIMITS: ["2520", "4800"], "/version": 2, "/effective/from": "2026-07-01", "/on_change/limits": rule}
    second = changed(HOME, {"/charges": [TIERS], **new}, drop="/periods")
    bill = rating.rate_one(cycle(7, 300, used=(2160, 240, 0)), year_book(old, second))
    assert tiers(bill) == expected


def test_a_restart_begins_a_new_ladder_with_the_months_of_its_own() -> None:
    values = {"/on_change/ladder": "restart"}
    old = {LIMITS: ["2160", "4200"], "/effective/to": "2026-07-01", **values}
    new = {LIMITS: ["2520", "4800"], "/version": 2, "/effective/from": "2026-07-01", **values}
    book = year_book(old, changed(HOME, {"/charges": [TIERS], **new}, drop="/periods"))
    june = rating.rate_one(cycle(6, 100, used=(2160, 0, 0)), book)
    assert tiers(june) == [0, 100, 0]
    assert june.state is not None
    july = rating.rate_one(cycle(7, 1300, state=june.state), book)
    assert tiers(july) == [1260, 40, 0]
    assert july.state == {"ladders": {"year": {"year": 2026, "used_wh": [1_260_000, 40_000, 0], "version": "t/home@2"}}}
    assert tiers(rating.rate_one(cycle(8, 10, state=july.state), book)) == [0, 10, 0]


@pytest.mark.parametrize(("rule", "year"), [("read_day", 2026), ("bill_month", 2025)])
def test_the_ladder_year_of_a_cycle_comes_from_the_named_rule(rule: str, year: int) -> None:
    book = year_book({"/ladders/year/cycle_belongs_to": rule})
    asked = request(
        "t/home",
        from_=date(2025, 12, 5),
        to=date(2026, 1, 5),
        read_day=date(2026, 1, 5),
        bill_months=(date(2025, 12, 1),),
        state=state(2_760_000, 0, 0, year=2025),
    )
    bill = rating.rate_one(asked, book)
    assert bill.state is not None
    assert bill.state["ladders"]["year"]["year"] == year
    assert tiers(bill) == ([100, 0, 0] if year == 2026 else [0, 100, 0])


def test_a_cycle_that_is_split_at_the_year_end_shares_its_kwh_by_days() -> None:
    book = year_book({"/ladders/year/cycle_belongs_to": "split_at_year_end"})
    asked = request(
        "t/home",
        from_=date(2025, 12, 22),
        to=date(2026, 1, 11),
        read_day=date(2026, 1, 11),
        bill_months=(date(2026, 1, 1),),
        state=state(2_760_000, 0, 0, year=2025),
    )
    bill = rating.rate_one(asked, book)
    assert [(line.tier, line.quantity, line.from_) for line in bill.lines] == [
        (2, 50_000, date(2025, 12, 22)),
        (1, 50_000, date(2026, 1, 1)),
    ]
    assert bill.state == state(50_000, 0, 0)


def test_a_ladder_year_can_begin_in_july() -> None:
    book = year_book({"/ladders/year/year_starts": "07-01"})
    assert tiers(rating.rate_one(cycle(5, 10, state=state(2_760_000, 0, 0, year=2025)), book)) == [0, 10, 0]
    assert tiers(rating.rate_one(cycle(7, 10, state=state(2_760_000, 0, 0, year=2025)), book)) == [10, 0, 0]


def test_months_outside_the_ladder_are_billed_at_tier_1_and_use_nothing() -> None:
    book = year_book({"/ladders/year/outside_months": [11, 12, 1, 2]})
    bill = rating.rate_one(cycle(1, 5000, used=(2760, 0, 0)), book)
    assert (tiers(bill), bill.state) == ([5000, 0, 0], state(2_760_000, 0, 0))
    assert tiers(rating.rate_one(cycle(3, 5000, used=(2760, 0, 0)), book)) == [0, 2040, 2960]


# --- by month, cycle, day


BY_MONTH = {
    "counts": "import",
    "span": "month",
    "proration": "per_month",
    "limits_kwh": {"summer": ["260", "600"], "other": ["200", "400"]},
    "seasons": {"summer": [5, 6, 7, 8, 9, 10], "other": "rest"},
}
MONTHLY = changed(
    HOME,
    {
        "/ladders": {"month": BY_MONTH},
        "/charges": [{**TIERS, "ladder": "month"}],
        "/on_change": {"usage": "split_by_days"},
    },
    drop="/periods",
)


def month_book(values: dict[str, Any] | None = None) -> rating.TariffBook:
    return rating.load_book([changed(MONTHLY, values)])


@pytest.mark.parametrize(
    ("month", "months", "expected"),
    [
        (4, 1, [200, 200, 600]),
        (5, 1, [260, 340, 400]),
        (5, 2, [520, 480, 0]),
        (4, 2, [460, 540, 0]),
        (10, 2, [460, 540, 0]),
    ],
)
def test_limits_by_season_come_from_the_bill_months(month: int, months: int, expected: list[int]) -> None:
    assert tiers(rating.rate_one(cycle(month, 1000, months=months, state=None), month_book())) == expected


def test_a_late_read_changes_no_quota() -> None:
    late = cycle(7, 700, to=date(2026, 8, 20), read_day=date(2026, 8, 20), state=None)
    assert tiers(rating.rate_one(late, month_book())) == [260, 340, 100]


def test_a_household_by_month_has_its_kwh_for_each_bill_month() -> None:
    household = {"from_people": 5, "kwh_per_month": "100", "widens": "tier_1"}
    book = month_book({"/ladders/month/household": household})
    facts = people((date(2020, 1, 1), 5))
    assert tiers(rating.rate_one(cycle(5, 2000, months=2, facts=facts, state=None), book)) == [720, 680, 600]


@pytest.mark.parametrize(
    ("ladder", "expected"),
    [
        ({"span": "month", "proration": "per_month"}, [200, 400, 400]),
        ({"span": "month", "proration": "days/30"}, [150, 300, 550]),
        ({"span": "month", "proration": "days/365", "limits_kwh": ["730", "3650"]}, [90, 360, 550]),
        ({"span": "cycle"}, [100, 200, 700]),
        ({"span": "day", "limits_kwh": ["2", "6"]}, [90, 180, 730]),
    ],
)
def test_limits_follow_the_span_and_the_proration(ladder: dict[str, Any], expected: list[int]) -> None:
    row = {"counts": "import", "limits_kwh": ["100", "300"], **ladder}
    values = {
        "/ladders": {"month": row},
        "/on_change": {"usage": "split_by_days"},
        "/charges": [{**TIERS, "ladder": "month"}],
    }
    book = rating.load_book([changed(HOME, values, drop="/periods")])
    asked = cycle(1, 1000, months=2, to=date(2026, 2, 15), state=None)  # 45 days, two bill months
    assert tiers(rating.rate_one(asked, book)) == expected


@pytest.mark.parametrize(
    ("kwh", "expected"), [(260, [260, 0, 0]), (261, [0, 261, 0]), (600, [0, 600, 0]), (601, [0, 0, 601])]
)
def test_whole_quantity_tiers_price_all_kwh_by_the_tier_reached(kwh: int, expected: list[int]) -> None:
    book = month_book({"/ladders/month/whole_quantity": True})
    assert tiers(rating.rate_one(cycle(7, kwh, state=None), book)) == expected


def test_limits_by_month_are_multiplied_by_the_households_too() -> None:
    facts = (rating.AccountSpan(date(2020, 1, 1), households=3),)
    asked = cycle(5, 2000, months=2, facts=facts, state=None)
    assert tiers(rating.rate_one(asked, month_book({"/ladders/month/times_households": True}))) == [1560, 440, 0]


def test_a_month_in_two_versions_has_the_limits_of_each_part_less_what_the_part_before_used() -> None:
    def ladder(*limits: str) -> dict[str, Any]:
        row = {"counts": "import", "span": "month", "proration": "per_month", "limits_kwh": list(limits)}
        return {"/ladders/month": row}

    old = changed(MONTHLY, {**ladder("90", "300"), "/effective/to": "2026-07-11"})
    new = changed(MONTHLY, {**ladder("150", "300"), "/version": 2, "/effective/from": "2026-07-11"})
    bill = rating.rate_one(cycle(7, 310, state=None), rating.load_book([old, new]))
    assert [(line.version, line.tier, line.quantity) for line in bill.lines] == [
        ("1", 1, 90_000),
        ("1", 2, 10_000),
        ("2", 1, 60_000),
        ("2", 2, 140_000),
        ("2", 3, 10_000),
    ]


def test_the_month_of_the_opening_has_the_limits_of_the_tariff_that_the_account_opened_with() -> None:
    other = changed(HOME, {"/id": "t/other", LIMITS: ["1200", "2400"]})
    facts = (
        rating.AccountSpan(date(2025, 11, 15), date(2025, 12, 1), people=3, tariff="t/home"),
        rating.AccountSpan(date(2025, 12, 1), people=3, tariff="t/other"),
    )
    december = request(
        "t/other", from_=date(2025, 12, 1), to=date(2025, 12, 31), read_day=date(2025, 12, 31),
        bill_months=(date(2025, 12, 1),), wh={"import.peak": 400_000, "import.valley": 0}, facts=facts,
        state=state(0, 0, 0, year=2025),
    )  # fmt: skip
    (bill,) = both([december], rating.load_book([HOME, other]))
    assert bill.state == state(230_000 + 100_000, 70_000, 0, year=2025)
