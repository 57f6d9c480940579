"""Ladders: limits, quota in the year, seasons, shares of periods, free kWh. Figures from published practice where there are."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.billing.domain import rating
from tests.unit.billing.rating.documents import HOME, changed, request, state

LIMITS = "/ladders/year/limits_kwh"
ADD_ON = {"name": "add-on", "kind": "ladder_add_on", "ladder": "year", "add": ["0", "0.05", "0.30"]}
BASE = {"name": "energy", "kind": "energy", "price": "0.5283"}
TIERS = {"name": "tiers", "kind": "ladder_price", "ladder": "year", "price": ["1", "2", "3"]}


def year_book(values: dict[str, Any] | None = None, *more: dict[str, Any]) -> rating.TariffBook:
    """A ladder of 2,760 / 4,800 kWh without periods, priced 1, 2, 3 yuan so that lines show the tiers."""
    document = changed(HOME, {"/charges": [TIERS], **(values or {})}, drop="/periods")
    return rating.load_book([document, *more])


def tiers(bill: rating.RatedBill) -> list[int]:
    """kWh by tier."""
    assert bill.refusal is None, bill.refusal
    found = [0, 0, 0, 0]
    for line in bill.lines:
        if line.kind == "ladder_price":
            found[(line.tier or 1) - 1] += (line.quantity or 0) // 1000
    while found and len(found) > 3:
        found.pop()
    return found


def cycle(month: int, kwh: int, used: tuple[int, ...] = (0, 0, 0), months: int = 1, **more: Any) -> rating.Request:
    end = month + months
    to = date(2026, end, 1) if end <= 12 else date(2026, 12, 31)
    values: dict[str, Any] = {
        "from_": date(2026, month, 1),
        "to": to,
        "read_day": to,
        "bill_months": tuple(date(2026, month + i, 1) for i in range(months)),
        "wh": {"import": kwh * 1000},
        "state": state(*(u * 1000 for u in used)),
    }
    return request("t/home", **(values | more))


def people(*changes: tuple[date, int]) -> tuple[rating.AccountFact, ...]:
    ends = [d for d, _ in changes[1:]]
    return tuple(rating.AccountFact(d, e, people=n) for (d, n), e in zip(changes, [*ends, None], strict=True))


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
    facts = (rating.AccountFact(date(2020, 1, 1), households=3),)
    book = year_book({"/ladders/year/times_households": True})
    assert tiers(rating.rate_one(cycle(1, 14_401, facts=facts), book)) == [8280, 6120, 1]
    later = (rating.AccountFact(date(2020, 1, 1), date(2026, 7, 1)), rating.AccountFact(date(2026, 7, 1), households=3))
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


def month_book(values: dict[str, Any] | None = None) -> rating.TariffBook:
    ladder = {
        "counts": "import",
        "span": "month",
        "proration": "per_month",
        "limits_kwh": {"summer": ["260", "600"], "other": ["200", "400"]},
        "seasons": {"summer": [5, 6, 7, 8, 9, 10], "other": "rest"},
    }
    charge = {**TIERS, "ladder": "month"}
    document = changed(
        HOME,
        {"/ladders": {"month": ladder}, "/charges": [charge], "/on_change": {"usage": "split_by_days"}},
        drop="/periods",
    )
    return rating.load_book([changed(document, values)])


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


# --- add-ons by period


SHANGHAI: dict[str, Any] = {
    "/charges/0/price": {"peak": "0.617", "valley": "0.307"},
    "/charges/1/add": {"peak": ["0", "0.06", "0.36"], "valley": ["0", "0.03", "0.18"]},
    LIMITS: ["3120", "4800"],
}


def shanghai(split: str) -> rating.TariffBook:
    return rating.load_book([changed(HOME, {**SHANGHAI, "/charges/1/tier_kwh_of_periods": split})])


def test_kwh_of_periods_fall_into_tiers_by_share() -> None:
    wh = {"import.peak": 400_000, "import.valley": 200_000}
    bill = rating.rate_one(cycle(6, 0, used=(3000, 0, 0), wh=wh), shanghai("by_share"))
    assert bill.total_fen == 33_220
    assert [(line.period, line.tier, line.quantity) for line in bill.lines[2:]] == [
        ("peak", 2, 320_000),
        ("valley", 2, 160_000),
    ]


@pytest.mark.parametrize(("peak_first", "total"), [(True, 33_100), (False, 33_460)])
def test_kwh_of_periods_fall_into_tiers_in_time_order(peak_first: bool, total: int) -> None:
    """All kWh of one period before all of the other, on two days."""
    day = [0] * 24
    peak, valley = [*day], [*day]
    peak[10], valley[2] = 400_000, 200_000
    days = [peak, valley] if peak_first else [valley, peak]
    wh = [v for d in [*days, *[day] * 28] for v in d]
    one = rating.Curve("import", datetime(2026, 5, 31, 16, tzinfo=UTC), 60, wh)
    bill = rating.rate_one(cycle(6, 0, used=(3000, 0, 0), wh={}, curves=[one]), shanghai("in_time_order"))
    assert bill.total_fen == total


def test_shares_of_periods_are_whole_wh_and_lose_none() -> None:
    wh = {"import.peak": 100_000, "import.valley": 200_001}
    bill = rating.rate_one(cycle(6, 0, used=(3120, 1580, 0), wh=wh), shanghai("by_share"))
    by_tier = {t: sum(ln.quantity or 0 for ln in bill.lines if ln.tier == t) for t in (2, 3)}
    assert by_tier == {2: 100_000, 3: 200_001}
    assert bill.state == state(3_120_000, 1_680_000, 200_001)


def test_prices_by_tier_and_period_leave_tier_1_what_the_other_tiers_do_not_take() -> None:
    price = {"peak": ["1", "2", "3"], "valley": ["0.5", "1.5", "2.5"]}
    tiers_by_period = {
        "name": "tiers",
        "kind": "ladder_price",
        "ladder": "year",
        "price": price,
        "tier_kwh_of_periods": "by_share",
    }
    book = rating.load_book([changed(HOME, {"/charges": [tiers_by_period]})])
    wh = {"import.peak": 400_000, "import.valley": 200_000}
    bill = rating.rate_one(cycle(6, 0, used=(2640, 0, 0), wh=wh), book)
    assert [(line.period, line.tier, line.quantity) for line in bill.lines] == [
        ("peak", 1, 80_000),
        ("peak", 2, 320_000),
        ("valley", 1, 40_000),
        ("valley", 2, 160_000),
    ]


def test_periods_with_limits_of_their_own_have_ladders_of_their_own() -> None:
    values = {
        **SHANGHAI,
        LIMITS: {"by_period": {"peak": ["300", "500"], "valley": ["150", "250"]}},
        "/charges/1/tier_kwh_of_periods": "own_limits_per_period",
    }
    book = rating.load_book([changed(HOME, values, drop="/ladders/year/household")])
    used = {"ladders": {"year": {"year": 2026, "used_wh": {"peak": [300_000, 0, 0], "valley": [0, 0, 0]}}}}
    bill = rating.rate_one(cycle(6, 0, wh={"import.peak": 250_000, "import.valley": 200_000}, state=used), book)
    assert [(line.period, line.tier, line.quantity) for line in bill.lines[2:]] == [
        ("peak", 2, 200_000),
        ("peak", 3, 50_000),
        ("valley", 2, 50_000),
    ]
    assert bill.state is not None
    assert bill.state["ladders"]["year"]["used_wh"] == {
        "peak": [300_000, 200_000, 50_000],
        "valley": [150_000, 50_000, 0],
    }


# --- free kWh


def free_book(how: str, rest: str = "carried_in_year", **more: Any) -> rating.TariffBook:
    free = {"kwh_per_month": "15", "for": {"class": ["low_income"]}, "how": how, "rest": rest}
    credit = {"name": "free", "kind": "credit", "ladder": "year", "price": "0.5283"}
    values = {"/ladders/year/free": free, "/charges": [BASE, ADD_ON, credit], **more}
    return rating.load_book([changed(HOME, values, drop="/periods")])


LOW = (rating.AccountFact(date(2020, 1, 1), class_="low_income"),)


def low(kwh: int, free_used: int = 0, **more: Any) -> rating.Request:
    carried = {**state(0, 0, 0), "free": {"year": {"year": 2026, "used_wh": free_used}}}
    return cycle(12, kwh, **({"facts": LOW, "state": carried} | more))


@pytest.mark.parametrize(("how", "total"), [("before_ladder", 143_698), ("credit_at_tier_1", 144_398)])
def test_free_kwh_before_the_ladder_or_credited_at_tier_1_differ(how: str, total: int) -> None:
    """2,900 kWh in a year, 180 of them free."""
    bill = rating.rate_one(low(2900), free_book(how))
    assert bill.total_fen == total
    assert bill.state is not None
    assert bill.state["free"] == {"year": {"year": 2026, "used_wh": 180_000}}


def test_free_kwh_that_were_not_used_are_carried_or_lost() -> None:
    def free_of(book: rating.TariffBook, asked: rating.Request) -> int:
        return sum(line.quantity or 0 for line in rating.rate_one(asked, book).lines if line.kind == "credit")

    assert free_of(free_book("credit_at_tier_1"), low(100, free_used=100_000)) == 80_000
    assert free_of(free_book("credit_at_tier_1"), low(100, free_used=180_000)) == 0
    assert free_of(free_book("credit_at_tier_1"), low(10, free_used=0)) == 10_000
    assert free_of(free_book("credit_at_tier_1", "lost"), low(100, free_used=0)) == 15_000
    assert free_of(free_book("credit_at_tier_1", "lost"), low(100, facts=people((date(2020, 1, 1), 3)))) == 0


def test_free_kwh_count_from_the_month_of_the_opening() -> None:
    facts = (rating.AccountFact(date(2026, 11, 20), class_="low_income"),)
    bill = rating.rate_one(low(100, facts=facts), free_book("credit_at_tier_1"))
    assert [line.quantity for line in bill.lines if line.kind == "credit"] == [30_000]


def test_free_kwh_carried_from_the_year_before_begin_anew() -> None:
    old = {**state(0, 0, 0), "free": {"year": {"year": 2025, "used_wh": 180_000}}}
    bill = rating.rate_one(low(100, state=old), free_book("credit_at_tier_1"))
    assert [line.quantity for line in bill.lines if line.kind == "credit"] == [100_000]


def test_carried_free_kwh_need_their_state() -> None:
    bill = rating.rate_one(low(100, state=state(0, 0, 0)), free_book("credit_at_tier_1"))
    assert bill.refusal is not None
    assert (bill.refusal.code, bill.refusal.pointer) == ("ladder_state_missing", "/state/free/year")


def test_the_opening_state_has_everything_that_a_tariff_carries() -> None:
    tariff = free_book("credit_at_tier_1").versions["t/home"][0]
    expected = {**state(0, 0, 0), "free": {"year": {"year": 2026, "used_wh": 0}}}
    assert rating.opening_state(tariff, 2026) == expected


@pytest.mark.parametrize(
    ("split", "tier_2"),
    [
        ("by_share", [("peak", 16_667), ("valley", 8_333)]),
        ("in_time_order", [("valley", 25_000)]),
    ],
)
def test_free_kwh_before_the_ladder_are_taken_from_the_periods(split: str, tier_2: list[tuple[str, int]]) -> None:
    """50 peak kWh, then 25 valley kWh, 15 of them free, 35 kWh left in tier 1: 25 kWh are in tier 2."""
    free = {"kwh_per_month": "15", "how": "before_ladder", "rest": "lost"}
    add = {"peak": ["0", "0.06", "0.36"], "valley": ["0", "0.03", "0.18"]}
    credit = {"name": "free", "kind": "credit", "ladder": "year", "price": "0.5"}
    values = {
        "/charges/1/add": add,
        "/charges/1/tier_kwh_of_periods": split,
        "/ladders/year/free": free,
        "/charges/2": credit,
    }
    book = rating.load_book([changed(HOME, values)])
    day = [0] * 24
    peak, valley = [*day], [*day]
    peak[10], valley[2] = 50_000, 25_000
    wh = [v for d in [peak, valley, *[day] * 28] for v in d]
    curve = rating.Curve("import", datetime(2026, 5, 31, 16, tzinfo=UTC), 60, wh)
    bill = rating.rate_one(cycle(6, 0, used=(2725, 0, 0), wh={}, curves=[curve]), book)
    assert bill.refusal is None
    found = [(line.period, line.quantity) for line in bill.lines if line.kind == "ladder_add_on"]
    assert found == tier_2
    assert [line.quantity for line in bill.lines if line.kind == "credit"] == [15_000]
