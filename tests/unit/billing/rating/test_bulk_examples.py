"""The bulk implementation beside the reference on chosen bills: all case files, days of 23 and 25 hours, short slots, edges."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.billing.rating import rating
from services.billing.rating.cases import read
from services.billing.tariffs.documents import packaged
from shared.exact import Exact
from tests.unit.billing.rating.beside import both, by_curve, document
from tests.unit.billing.rating.documents import HOME, PLAIN

FOLDER = Path(__file__).parents[3] / "cases"
CASES = [
    (path.stem, case)
    for path in sorted(FOLDER.glob("*.json"))
    if path.name != "worked_examples.json"
    for case in [json.loads(path.read_text(encoding="utf-8"))]
    if case.get("kind") != "policy"
]


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_a_case_file_is_rated_by_both_alike(name: str, case: dict[str, Any]) -> None:
    book = read.book_of(packaged.documents(), read.tariff_documents(case))
    requests = read.requests_of(case)
    state = requests[0].state
    for request in requests:
        (bill,) = both([replace(request, state=state)], book)
        state = bill.state


HOURS = {
    "time_zone": "Europe/London",
    "periods": [
        {"name": "night", "when": [{"hours": ["00:00-02:00"]}]},
        {"name": "early", "when": [{"hours": ["02:00-04:00"]}]},
        {"name": "day", "when": "rest"},
    ],
    "charges": [
        {"name": "energy", "kind": "energy", "by": "period", "price": {"night": "0.1", "early": "0.2", "day": "0.3"}}
    ],
}


@pytest.mark.parametrize("minutes", [1, 5, 10, 15, 20, 30, 60])
@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2025, 3, 30), {"night": 1, "early": 2, "day": 20}),
        (date(2025, 10, 26), {"night": 3, "early": 2, "day": 20}),
        (date(2025, 6, 1), {"night": 2, "early": 2, "day": 20}),
    ],
)
def test_the_hours_of_days_of_23_24_and_25_hours_fall_into_their_periods(
    minutes: int, day: date, hours: dict[str, int]
) -> None:
    book = document(PLAIN, **HOURS)
    (bill,) = both([by_curve(day, day + timedelta(days=1), minutes, [minutes], "Europe/London")], book)
    assert {line.period: line.quantity for line in bill.lines} == {name: n * 60 for name, n in hours.items()}


@pytest.mark.parametrize(("minutes", "highest_w"), [(5, 24_000), (15, 16_000)])
def test_demand_is_the_highest_quarter_of_an_hour_of_a_curve(minutes: int, highest_w: int) -> None:
    demand = {"name": "demand", "kind": "demand", "price": "30", "basis": "actual", "from_curve": "import",
              "month": "calendar_days"}  # fmt: skip
    book = document(PLAIN, charges=[demand])
    wh = [1000, 2000, 3000, 4000, 1000, 500]
    (bill,) = both([by_curve(date(2025, 6, 1), date(2025, 7, 1), minutes, wh, "Asia/Shanghai")], book)
    assert [line.quantity for line in bill.lines] == [highest_w]


def test_slots_of_an_hour_cannot_tell_the_highest_quarter() -> None:
    demand = {"name": "demand", "kind": "demand", "price": "30", "basis": "actual", "from_curve": "import",
              "month": "calendar_days"}  # fmt: skip
    (bill,) = both(
        [by_curve(date(2025, 6, 1), date(2025, 7, 1), 60, [1000], "Asia/Shanghai")], document(PLAIN, charges=[demand])
    )
    assert bill.refusal is not None
    assert bill.refusal.code == "demand_missing"


@pytest.mark.parametrize(
    ("wh", "minutes", "code"),
    [
        ([1, None, 3], 15, "curve_gap"),
        ([1], 7, "request_wrong"),
    ],
)
def test_a_faulty_curve_is_refused(wh: list[int | None], minutes: int, code: str) -> None:
    good = by_curve(date(2025, 6, 1), date(2025, 6, 4), 15, [5], "Asia/Shanghai")
    bad = by_curve(date(2025, 6, 1), date(2025, 6, 4), minutes, wh, "Asia/Shanghai")
    first, second = both([good, bad], document(PLAIN))
    assert first.refusal is None
    assert second.refusal is not None
    assert second.refusal.code == code


def test_a_curve_that_ends_early_is_refused() -> None:
    short = by_curve(date(2025, 6, 1), date(2025, 6, 4), 15, [5] * 100, "Asia/Shanghai", repeat=False)
    (bill,) = both([short], document(PLAIN))
    assert bill.refusal is not None
    assert bill.refusal.code == "curve_span"


def test_a_slot_across_the_border_of_two_periods_is_refused() -> None:
    half = [{"name": "a", "when": [{"hours": ["00:00-07:30"]}]}, {"name": "b", "when": "rest"}]
    charge = {"name": "energy", "kind": "energy", "by": "period", "price": {"a": "0.1", "b": "0.2"}}
    book = document(PLAIN, periods=half, charges=[charge])
    asked = [by_curve(date(2025, 6, 1), date(2025, 6, 2), m, [5], "Asia/Shanghai") for m in (30, 60)]
    good, bad = both(asked, book)
    assert [line.quantity for line in good.lines] == [75, 165]
    assert bad.refusal is not None
    assert bad.refusal.code == "curve_slot_across_border"


def home(used: list[int], wh: int, **more: Any) -> rating.Request:
    return rating.request(
        contract="c",
        tariff="t",
        period=(date(2026, 1, 2), date(2026, 2, 2)),
        bill_months=[date(2026, 1, 1)],
        usage_wh={"import.peak": wh, "import.valley": 0},
        facts=[rating.AccountSpan(date(2020, 1, 1), people=4)],
        state={"ladders": {"year": {"year": 2026, "used_wh": used}}},
        **more,
    )


@pytest.mark.parametrize(
    ("used", "wh", "after"),
    [
        ([0, 0, 0], 0, [0, 0, 0]),
        ([2_759_999, 0, 0], 1, [2_760_000, 0, 0]),
        ([2_760_000, 0, 0], 1, [2_760_000, 1, 0]),
        ([2_760_000, 2_039_999, 0], 2, [2_760_000, 2_040_000, 1]),
        ([0, 0, 0], 5_000_000, [2_760_000, 2_040_000, 200_000]),
        ([100, 2_040_000, 7], 50, [150, 2_040_000, 7]),
        ([2_760_000, 10, 5], -12, [2_760_000, 3, 0]),
        ([3, 2, 1], -10, [-4, 0, 0]),
        ([-4, 0, 0], 5, [1, 0, 0]),
        ([3_000_000, 0, 0], 9, [3_000_000, 9, 0]),
    ],
)
def test_tiers_fill_from_below_and_are_given_back_from_above(used: list[int], wh: int, after: list[int]) -> None:
    (bill,) = both([home(used, wh)], document(HOME))
    assert bill.state is not None
    assert bill.state["ladders"]["year"]["used_wh"] == after


@pytest.mark.parametrize(
    ("opened", "large_from", "homes", "first_limit_kwh"),
    [
        (date(2020, 1, 1), None, 1, 2760),
        (date(2026, 1, 1), None, 1, 2760),
        (date(2026, 1, 31), None, 1, 2760),
        (date(2026, 2, 1), None, 1, 2530),
        (date(2026, 3, 9), None, 1, 2300),
        (date(2026, 7, 1), None, 1, 1380),
        (date(2020, 1, 1), date(2026, 5, 20), 1, 2760 + 800),
        (date(2020, 1, 1), date(2026, 7, 31), 1, 2760 + 600),
        (date(2020, 1, 1), date(2026, 8, 1), 1, 2760),
        (date(2020, 1, 1), date(2025, 12, 31), 1, 2760 + 1200),
        (date(2026, 3, 9), date(2026, 5, 20), 1, 2300 + 800),
        (date(2020, 1, 1), date(2026, 5, 20), 2, 2 * 2760 + 800),
    ],
)
def test_quota_comes_by_months_of_the_account_and_of_the_household(
    opened: date, large_from: date | None, homes: int, first_limit_kwh: int
) -> None:
    ladder = {**HOME["ladders"]["year"], "times_households": True}
    small = rating.AccountSpan(opened, large_from, people=4, households=homes)
    facts = [small] if large_from is None else [small, rating.AccountSpan(large_from, None, people=5, households=homes)]
    request = rating.request(
        contract="c",
        tariff="t",
        period=(date(2026, 7, 1), date(2026, 8, 1)),
        read_day=date(2026, 7, 31),
        bill_months=[date(2026, 7, 1)],
        usage_wh={"import.peak": 9_999_000, "import.valley": 0},
        facts=facts,
        state={"ladders": {"year": {"year": 2026, "used_wh": [0, 0, 0]}}},
    )
    (bill,) = both([request], document(HOME, ladders={"year": ladder}))
    assert bill.state is not None
    assert bill.state["ladders"]["year"]["used_wh"][0] == first_limit_kwh * 1000


def test_months_that_have_begun_keep_the_limits_of_their_version() -> None:
    ladder = HOME["ladders"]["year"]
    second = {**ladder, "limits_kwh": ["3960", "6000"]}
    book = rating.load_book([
        {**HOME, "id": "t", "effective": {"from": "2020-01-01", "to": "2026-05-01"}},
        {**HOME, "id": "t", "version": 2, "ladders": {"year": second}, "effective": {"from": "2026-05-01", "to": None}},
    ])  # fmt: skip
    request = replace(
        home([0, 0, 0], 9_999_000), from_=date(2026, 6, 2), to=date(2026, 7, 2), read_day=date(2026, 7, 2)
    )
    part = replace(request.usage[0], from_=request.from_, to=request.to)
    (bill,) = both([replace(request, usage=(part,), bill_months=(date(2026, 6, 1),))], book)
    assert bill.state is not None
    assert bill.state["ladders"]["year"]["used_wh"][0] == (4 * 2_760_000 + 8 * 3_960_000) // 12


@pytest.mark.parametrize(
    "state",
    [
        None,
        {"ladders": {}},
        {"ladders": {"year": {"year": 2027, "used_wh": [0, 0, 0]}}},
        {"ladders": {"year": {"year": 2026, "used_wh": [0]}}},
        {"ladders": {"year": {"year": 2026, "used_wh": {"peak": [0, 0, 0]}}}},
    ],
)
def test_a_yearly_ladder_without_a_fitting_state_is_refused(state: Any) -> None:
    (bill,) = both([replace(home([0, 0, 0], 1), state=state)], document(HOME))
    assert bill.refusal is not None


def test_a_state_of_the_year_before_starts_anew() -> None:
    old = {"ladders": {"year": {"year": 2025, "used_wh": [9, 9, 9]}}}
    (bill,) = both([replace(home([0, 0, 0], 7), state=old)], document(HOME))
    assert bill.state == {"ladders": {"year": {"year": 2026, "used_wh": [7, 0, 0]}}}


def test_a_restart_makes_every_period_with_limits_of_its_own_start_anew() -> None:
    limits = {"by_period": {"peak": ["100", "200"], "valley": ["50", "80"]}}
    ladder = {**HOME["ladders"]["year"], "limits_kwh": limits, "household": None}
    del ladder["household"]
    add = {"name": "add-on", "kind": "ladder_add_on", "ladder": "year", "tier_kwh_of_periods": "own_limits_per_period",
           "add": {"peak": ["0", "0.05", "0.30"], "valley": ["0", "0.04", "0.20"]}}  # fmt: skip
    change = {**HOME["on_change"], "ladder": "restart"}
    base = {**HOME, "id": "t", "ladders": {"year": ladder}, "charges": [HOME["charges"][0], add], "on_change": change}
    book = rating.load_book([
        {**base, "effective": {"from": "2020-01-01", "to": "2026-01-01"}},
        {**base, "version": 2, "effective": {"from": "2026-01-01", "to": None}},
    ])  # fmt: skip
    used = {"peak": [90_000, 0, 0], "valley": [40_000, 0, 0]}
    state = {"ladders": {"year": {"year": 2026, "version": "t@1", "used_wh": used}}}
    request = replace(home([0], 1), state=state)
    request = replace(request, usage=(replace(request.usage[0], wh={"import.peak": 5, "import.valley": 7}),))
    (bill,) = both([request], book)
    assert bill.state is not None
    assert bill.state["ladders"]["year"] == {
        "year": 2026,
        "version": "t@2",
        "used_wh": {"peak": [5, 0, 0], "valley": [7, 0, 0]},
    }


def test_a_missing_price_refuses_only_who_used_energy() -> None:
    series = {"series": "s", "unit": "CNY/kWh", "source": "a test",
              "values": [{"from": "2020-01-01", "to": "2020-02-01", "price": "1"}]}  # fmt: skip
    tariff = {**PLAIN, "id": "t", "series_at": "read_day",
              "charges": [{"name": "energy", "kind": "energy", "price": {"series": "s"}}]}  # fmt: skip
    book = rating.load_book([series, tariff])
    part = home([0], 0).usage[0]
    asked = [replace(home([0], 0), usage=(replace(part, wh={"import": wh}),)) for wh in (0, 1, 0)]
    bills = both(asked, book)
    assert [b.refusal.code if b.refusal else None for b in bills] == [None, "price_missing", None]


def test_values_of_the_account_make_losses_and_shares() -> None:
    rules = {
        "loss": {
            "loss": {"iron": {"fact": "iron"}, "iron_by": "thirtieths", "copper_share": "0.015", "copper_of": "import"}
        },
        "share": {"share_of": "import", "share": {"fact": "share"}},
    }
    charges = [{"name": name, "kind": "energy", "quantity": name, "price": "1"} for name in rules]
    rounding = {
        **PLAIN["rounding"],
        "loss": {"step": "1", "mode": "half_up"},
        "share": {"step": "0.001", "mode": "down"},
    }
    book = document(PLAIN, quantities=rules, charges=charges, rounding=rounding)
    request = home([0], 0)
    fact = replace(request.facts[0], values={"iron": Exact(4505, 10), "share": Exact(333, 1000)})
    part = replace(request.usage[0], wh={"import": 1_000_001})
    (bill,) = both([replace(request, facts=(fact,), usage=(part,))], book)
    assert [line.quantity for line in bill.lines] == [466_000, 333_000]


@pytest.mark.parametrize("how", ["before_ladder", "credit_at_tier_1"])
@pytest.mark.parametrize("rest", ["lost", "carried_in_year"])
@pytest.mark.parametrize(("used", "wh", "free"), [
    ((2025, 99_000), 40_000, {"lost": 15_000, "carried_in_year": 40_000}),
    ((2026, 0), 200_000, {"lost": 15_000, "carried_in_year": 75_000}),
    ((2026, 70_000), 200_000, {"lost": 15_000, "carried_in_year": 5_000}),
    ((2026, 75_000), 200_000, {"lost": 15_000, "carried_in_year": 0}),
    ((2026, 80_000), 7_000, {"lost": 7_000, "carried_in_year": 0}),
    ((2026, 3), 0, {"lost": 0, "carried_in_year": 0}),
    ((2025, 3), -9, {"lost": 0, "carried_in_year": 0}),
])  # fmt: skip
def test_free_energy_is_what_was_allowed_so_far_less_what_was_used(
    how: str, rest: str, used: tuple[int, int], wh: int, free: dict[str, int]
) -> None:
    ladder = {"counts": "import", "span": "month", "limits_kwh": ["100"], "proration": "per_month",
              "free": {"kwh_per_month": "15", "how": how, "rest": rest, "for": {"class": ["low_income"]}}}  # fmt: skip
    tiers = {"name": "tiers", "kind": "ladder_price", "ladder": "m", "price": ["0.5", "0.6"]}
    credit = {"name": "free", "kind": "credit", "ladder": "m", "price": "0.5"}
    book = document(PLAIN, ladders={"m": ladder}, charges=[tiers, credit])
    asked = rating.request(
        contract="c", tariff="t", period=(date(2026, 5, 1), date(2026, 6, 1)), bill_months=[date(2026, 5, 1)],
        usage_wh={"import": wh}, facts=[rating.AccountSpan(date(2020, 1, 1), class_="low_income")],
        state={"ladders": {}, "free": {"m": {"year": used[0], "used_wh": used[1]}}},
    )  # fmt: skip
    other = replace(asked, facts=(replace(asked.facts[0], class_="residential"),))
    opened = replace(asked, opened=date(2026, 4, 30))
    bill, paying, _ = both([asked, other, opened], book)
    given = [line.quantity for line in bill.lines if line.charge == "free"]
    assert given == ([free[rest]] if free[rest] else [])
    assert not [line for line in paying.lines if line.charge == "free"]
    assert bill.state is not None
    if rest == "carried_in_year":
        new = {"year": 2026, "used_wh": free[rest] + used[1] * (used[0] == 2026)}
        assert bill.state["free"]["m"] == (new if wh > 0 else {"year": used[0], "used_wh": used[1]})
    else:
        assert bill.state["free"]["m"] == {"year": used[0], "used_wh": used[1]}


def test_free_energy_that_is_carried_needs_its_state_only_where_energy_was_used() -> None:
    ladder = {"counts": "import", "span": "month", "limits_kwh": ["100"], "proration": "per_month",
              "free": {"kwh_per_month": "15", "how": "before_ladder", "rest": "carried_in_year"}}  # fmt: skip
    book = document(PLAIN, ladders={"m": ladder}, charges=[
        {"name": "tiers", "kind": "ladder_price", "ladder": "m", "price": ["0.5", "0.6"]}])  # fmt: skip
    asked = [replace(home([0], 0), state={"ladders": {}}, usage=(replace(home([0], 0).usage[0], wh={"import": wh}),))
             for wh in (5, 0)]  # fmt: skip
    used, idle = both(asked, book)
    assert used.refusal is not None
    assert used.refusal.code == "ladder_state_missing"
    assert idle.refusal is None


@pytest.mark.parametrize(("span", "proration"), [
    ("month", "per_month"), ("month", "days/30"), ("month", "days/365"), ("cycle", None), ("day", None),
])  # fmt: skip
@pytest.mark.parametrize("more", [
    {}, {"whole_quantity": True}, {"times_households": True}, {"outside_months": [1, 2]}, {"outside_months": [2, 3]},
    {"household": {"from_people": 4, "kwh_per_month": "10", "widens": "all_tiers"}},
    {"household": {"from_people": 5, "kwh_per_month": "10", "widens": "tier_1"}},
])  # fmt: skip
def test_ladders_of_every_span_are_filled_alike(span: str, proration: str | None, more: dict[str, Any]) -> None:
    if "household" in more and span != "month":
        more = {}
    ladder = {"counts": "import", "span": span, "limits_kwh": ["10", "20.5"], **more}
    if proration:
        ladder["proration"] = proration
    tiers = {"name": "tiers", "kind": "ladder_price", "ladder": "m", "price": ["0.5", "0.6", "0.7"]}
    book = document(PLAIN, ladders={"m": ladder}, charges=[tiers])
    asked = []
    for wh in (0, 9_999, 10_000, 10_001, 20_500, 20_501, 41_001, 330_000, 10**7, -5):
        for months in ([date(2026, 1, 1)], [date(2026, 1, 1), date(2026, 2, 1)]):
            request = home([0], 0)
            fact = replace(request.facts[0], households=3)
            part = replace(request.usage[0], wh={"import": wh})
            asked.append(
                replace(request, facts=(fact,), usage=(part,), bill_months=tuple(months), state={"ladders": {}})
            )
    both(asked, book)


def test_free_energy_of_a_yearly_ladder_counts_from_the_first_day_of_its_year() -> None:
    free = {"kwh_per_month": "15", "how": "before_ladder", "rest": "carried_in_year"}
    ladder = {**HOME["ladders"]["year"], "year_starts": "07-01", "free": free}
    credit = {"name": "free", "kind": "credit", "ladder": "year", "price": "0.5"}
    book = document(HOME, ladders={"year": ladder}, charges=[*HOME["charges"], credit])
    state = {
        "ladders": {"year": {"year": 2025, "used_wh": [0, 0, 0]}},
        "free": {"year": {"year": 2025, "used_wh": 1000}},
    }
    (bill,) = both([replace(home([0], 9_999_000), state=state)], book)
    # January is the seventh month of a year that starts in July
    assert [line.quantity for line in bill.lines if line.charge == "free"] == [7 * 15_000 - 1000]
