"""Ladders by named periods, and free kWh."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.billing.rating import rating
from tests.unit.billing.rating.documents import (
    ADD_ON,
    BASE,
    HOME,
    LIMITS,
    changed,
    cycle,
    people,
    state,
)

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


LOW = (rating.AccountSpan(date(2020, 1, 1), class_="low_income"),)


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
    facts = (rating.AccountSpan(date(2026, 11, 20), class_="low_income"),)
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
