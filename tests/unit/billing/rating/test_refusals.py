"""A request that cannot be rated is refused with a code and a JSON pointer; the others of its batch are rated."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.billing.rating import rating
from services.billing.rating.cases import run as cases
from services.billing.rating.tariff.codes import RATING
from shared.exact import Exact
from tests.unit.billing.rating.documents import HOME, PLAIN, TABLE, changed, home, request, state

FACTOR = {
    "name": "pf",
    "kind": "power_factor",
    "table": "t/factor",
    "standard": "0.90",
    "active": "import",
    "reactive": "reactive.import",
    "on": ["energy"],
    "of": "exact",
}
CAPACITY = {"name": "capacity", "kind": "capacity", "price": "20", "month": "calendar_days"}
DEMAND = {"name": "demand", "kind": "demand", "price": "39", "basis": "actual", "month": "calendar_days"}
RATCHET = {**DEMAND, "ratchet": {"share": "0.8", "months": 11}}
OWN_FREE = {"kwh_per_month": {"fact": "free", "or": "0"}, "how": "credit_at_tier_1", "rest": "lost"}
FREE_CREDIT = {"name": "free", "kind": "credit", "ladder": "year", "price": "0.5"}
SERIES = {
    "series": "s",
    "unit": "CNY/kWh",
    "source": "a test",
    "values": [{"from": "2026-01-01", "to": "2026-02-01", "price": "1"}],
}
NOT_SUPPLIED: list[dict[str, Any]] = [{"from": "2026-01-01", "to": None, "price": None}]
DAYS = {"calendar": "days", "years": {"2025": {"holiday": ["2025-01-01"]}}}
START = datetime(2025, 12, 31, 16, tzinfo=UTC)  # midnight of 1 January in Shanghai
MONTH = [100] * (31 * 24)


def curve(wh: list[int | None] = MONTH, minutes: int = 60, start: datetime = START) -> rating.Curve:
    return rating.Curve("import", start, minutes, wh)


def plain(values: dict[str, Any] | None = None, *more: dict[str, Any]) -> rating.TariffBook:
    return rating.load_book([changed(PLAIN, values), TABLE, *more])


def homes(values: dict[str, Any] | None = None, *more: dict[str, Any], drop: str = "") -> rating.TariffBook:
    return rating.load_book([changed(HOME, values, drop), *more])


def fact(**values: Any) -> tuple[rating.AccountSpan, ...]:
    return (rating.AccountSpan(date(2020, 1, 1), **values),)


def two_facts(**later: Any) -> tuple[rating.AccountSpan, ...]:
    day = date(2026, 1, 10)
    return rating.AccountSpan(date(2020, 1, 1), to=day), rating.AccountSpan(day, **later)


SHARE = {"share_of": "import", "share": {"fact": "share"}}
ONE_DAY = {"2026-01-01": ["1"] * 24}
HOURS = {"series": "s", "unit": "CNY/kWh", "source": "x", "interval_minutes": 60, "days": ONE_DAY}
INTERVAL = {"/charges/0/by": "interval", "/charges/0/price": {"series": "s"}, "/series_at": "read_day"}
PART = rating.UsagePart(date(2026, 1, 1), date(2026, 1, 31), {"import": 1})
GAP = [100, None, *MONTH[2:]]
HALF = {"/periods/0/when/0/hours": ["08:30-22:00"], "/periods/1/when/0/hours": ["22:00-08:30"]}
HOLIDAY = {"/days": {"calendar": "days", "kinds": ["holiday"]}}
SWITCH = [
    changed(PLAIN, {"/effective/to": "2026-01-10", "/on_change/usage": "split_by_read"}),
    changed(PLAIN, {"/version": 2, "/effective/from": "2026-01-10", "/on_change/usage": "split_by_read"}),
]
EUROS = changed(PLAIN, {"/id": "t/euro", "/currency": "EUR"})
OUTSIDE = {"/ladders/year/outside_months": [1]}

REFUSED: list[tuple[str, str, rating.TariffBook, rating.Request]] = [
    ("tariff_unknown", "/tariff", plain(), request("t/none")),
    ("tariff_unconfirmed", "/tariff", plain({"/charges/0/price": None}), request()),
    ("hours_unconfirmed", "/periods", homes({"/periods/0/when": None}), home(wh={}, curves=[curve()])),
    ("version_missing", "/tariff", plain({"/effective/from": "2026-01-02"}), request()),
    ("version_missing", "/tariff", plain({"/effective/to": "2026-01-31"}), request()),
    ("read_missing_at_change", "/usage", rating.load_book(SWITCH), request()),
    ("register_missing", "/usage/import", plain(), request(wh={"export": 1})),
    ("register_missing", "/usage/import.valley", homes(), home(wh={"import": 5, "import.peak": 5})),
    (
        "register_unknown",
        "/usage/import.flat",
        homes(),
        home(wh={"import.peak": 1, "import.valley": 1, "import.flat": 1}),
    ),
    ("reactive_missing", "/usage/reactive.import", plain({"/charges/1": FACTOR}), request()),
    ("demand_missing", "/usage/demand", plain({"/charges/1": DEMAND}), request(facts=fact(capacity_va=1))),
    (
        "demand_missing",
        "/usage/curves/import",
        plain({"/charges/1": {**DEMAND, "from_curve": "import"}}),
        request(wh={}, curves=[curve()]),
    ),
    (
        "demand_history_missing",
        "/state/demand_w/demand",
        plain({"/charges/1": RATCHET}),
        request(wh={"import": 1, "demand": 1}),
    ),
    ("capacity_missing", "/account/capacity_kva", plain({"/charges/1": CAPACITY}), request()),
    (
        "contract_demand_missing",
        "/account/contract_demand_kw",
        plain({"/charges/1": {**DEMAND, "basis": "contract"}}),
        request(wh={"import": 1, "demand": 1}),
    ),
    (
        "fact_missing",
        "/account/values/share",
        plain(
            {
                "/rounding/share": {"step": "1", "mode": "down"},
                "/quantities": {"x": SHARE},
            }
        ),
        request(),
    ),
    (
        "fact_missing",
        "/account/equipment/T1/state",
        plain({"/charges/1": CAPACITY}),
        request(facts=fact(equipment=(rating.Equipment("T1", 1, "on the moon"),))),
    ),
    (
        "fact_wrong",
        "/account/values/standard",
        plain({"/charges/1": FACTOR | {"standard": {"fact": "standard", "or": "0.90"}}}),
        request(wh={"import": 1, "reactive.import": 0}, facts=fact(values={"standard": Exact(87, 100)})),
    ),
    (
        "fact_wrong",
        "/account/values/free",
        homes({"/ladders/year/free": OWN_FREE, "/charges/1": FREE_CREDIT}),
        home(facts=fact(values={"free": Exact(1, 10**4)})),
    ),
    ("facts_gap", "/account/0/from", plain(), request(facts=(rating.AccountSpan(date(2026, 1, 2)),))),
    (
        "facts_gap",
        "/account/1/from",
        plain(),
        request(facts=(replace(two_facts()[0], to=date(2026, 1, 9)), two_facts()[1])),
    ),
    ("facts_gap", "/account/0/to", plain(), request(facts=fact(to=date(2026, 1, 31)))),
    ("ladder_state_missing", "/state/ladders/year", homes(), home(state=None)),
    ("ladder_state_missing", "/state/ladders/year", homes(), home(state={"ladders": {}})),
    ("ladder_state_wrong", "/state/ladders/year/year", homes(), home(state=state(0, 0, 0, year=2027))),
    ("ladder_state_wrong", "/state/ladders/year", homes(), home(state={"ladders": {"year": {"used_wh": [0, 0, 0]}}})),
    ("ladder_state_wrong", "/state/ladders/year", homes(), home(state={"ladders": {"year": [0, 0, 0]}})),
    ("ladder_state_wrong", "/state/ladders/year/used_wh", homes(), home(state=state(0))),
    (
        "outside_months_mixed",
        "/cycle/bill_months",
        homes(OUTSIDE),
        home(bill_months=(date(2026, 1, 1), date(2026, 2, 1))),
    ),
    (
        "price_missing",
        "/series/s",
        plain({"/charges/0/price": {"series": "s"}, "/series_at": "read_day"}, SERIES),
        request(),
    ),
    ("price_missing", "/series/s", plain({"/charges/0/price": {"series": "s"}, "/series_at": "read_day"}), request()),
    (
        "price_missing",
        "/series/s",
        plain({"/charges/0/price": {"series": "s"}, "/series_at": "bill_month"}, {**SERIES, "values": NOT_SUPPLIED}),
        request(),
    ),
    ("price_missing", "/series/s", plain(INTERVAL, SERIES), request(wh={}, curves=[curve()])),
    (
        "price_changes_in_cycle",
        "/cycle/bill_months",
        plain(
            {
                "/charges/0/price": {"months": [{"months": [1], "price": "1"}, {"months": "rest", "price": "2"}]},
                "/series_at": "bill_month",
            }
        ),
        request(bill_months=(date(2026, 1, 1), date(2026, 2, 1))),
    ),
    ("holiday_year_missing", "/calendars/days", homes(HOLIDAY, DAYS), home(wh={}, curves=[curve()])),
    ("curve_gap", "/usage/curves/import/wh/1", homes(), home(wh={}, curves=[curve(GAP)])),
    ("curve_span", "/usage/curves/import", homes(), home(wh={}, curves=[curve(MONTH[1:])])),
    ("curve_span", "/usage/curves/import", homes(), home(wh={}, curves=[curve(start=START + timedelta(hours=1))])),
    ("curve_slot_across_border", "/usage/curves/import", homes(HALF), home(wh={}, curves=[curve()])),
    (
        "curve_missing",
        "/usage/curves/import",
        plain(
            INTERVAL,
            {
                "series": "s",
                "unit": "CNY/kWh",
                "source": "x",
                "interval_minutes": 60,
                "days": {"2026-01-01": ["1"] * 24},
            },
        ),
        request(),
    ),
    (
        "curve_slot_across_price",
        "/series/s",
        plain(
            INTERVAL,
            {
                "series": "s",
                "unit": "CNY/kWh",
                "source": "x",
                "interval_minutes": 30,
                "days": {"2026-01-01": ["1"] * 48},
            },
        ),
        request(wh={}, curves=[curve()]),
    ),
    (
        "currency_mismatch",
        "/series/s",
        plain({"/charges/0/price": {"series": "s"}, "/series_at": "bill_month"}, {**SERIES, "unit": "EUR/kWh"}),
        request(),
    ),
    ("currency_mismatch", "/tariff", plain({}, EUROS), request(facts=two_facts(tariff="t/euro"))),
    ("amount_missing", "/amounts/given", plain({"/charges/1": {"name": "given", "kind": "given"}}), request()),
    ("overflow", "/usage/import", plain(), request(wh={"import": 10**15 + 1})),
    ("overflow", "/usage/import", plain(), request(wh={"import": -(10**15) - 1})),
    ("request_wrong", "/cycle/to", plain(), request(to=date(2026, 1, 1), usage=())),
    ("request_wrong", "/cycle/bill_months", plain(), request(bill_months=())),
    ("request_wrong", "/cycle/bill_months", plain(), request(bill_months=(date(2026, 1, 2),))),
    ("request_wrong", "/usage/curves/import/minutes", homes(), home(wh={}, curves=[curve(minutes=7)])),
    ("usage_span", "/usage", plain(), request(usage=(PART,))),
    ("usage_span", "/usage/1/from", plain(), request(usage=(PART, PART))),
    ("usage_span", "/usage/0/from", plain(), request(usage=(replace(PART, from_=date(2026, 1, 2)),))),
]


@pytest.mark.parametrize(("code", "pointer", "book", "asked"), REFUSED, ids=[f"{c}:{p}" for c, p, _, _ in REFUSED])
def test_a_request_that_cannot_be_rated_is_refused(
    code: str, pointer: str, book: rating.TariffBook, asked: rating.Request
) -> None:
    (bill,) = rating.rate([asked], book)
    assert bill.refusal is not None
    assert (bill.refusal.code, bill.refusal.pointer, bill.refusal.severity) == (code, pointer, "refused")
    assert bill.refusal.detail
    assert (bill.lines, bill.total_fen, bill.state) == ((), 0, asked.state)


def test_a_refusal_leaves_the_rest_of_the_batch_alone() -> None:
    bills = rating.rate([request(), request(wh={}), request()], plain())
    assert [b.total_fen for b in bills] == [5000, 0, 5000]
    assert [b.refusal is None for b in bills] == [True, False, True]


DAY_CURVE = {"quantity": "import", "start": "2026-01-01T00:00:00+08:00", "minutes": 60, "kwh": ["0.1"] * 24}
WRONG_ROW = {"year": 2026, "used_kwh": "0"}
CASE: dict[str, Any] = {
    "id": "c",
    "kind": "tariff",
    "tariff": {"inline": PLAIN},
    "cycle": {"from": "2026-01-01", "to": "2026-02-01", "read_day": "2026-02-01", "bill_months": ["2026-01"]},
    "account": [{"from": "2020-01-01"}],
    "usage": {"import": {"start": "99990", "end": "10", "digits": 5, "rollover": True}},
}


@pytest.mark.parametrize(
    ("code", "pointer", "values"),
    [
        ("register_backwards", "/usage/import/end", {"/usage/import/rollover": False}),
        ("register_digits", "/usage/import/start", {"/usage/import/start": "100000"}),
        ("request_wrong", "/usage/import/end", {"/usage/import/end": 10}),
        ("request_wrong", "/cycle/read_day", {"/cycle/read_day": "soon"}),
        ("request_wrong", "/cycle/bill_months/0", {"/cycle/bill_months": ["2026"]}),
        ("request_wrong", "/cycle/to", {"/cycle/to": "9999-12-31"}),
        ("request_wrong", "/cycles", {"/cycles": []}),
        ("request_wrong", "/curves/0/minutes", {"/curves": [{**DAY_CURVE, "minutes": "60"}]}),
        ("request_wrong", "/curves/0/start", {"/curves": [{**DAY_CURVE, "start": "2026-01-01T00:00:00"}]}),
        ("request_wrong", "/account/0/colour", {"/account/0/colour": "red"}),
        ("request_wrong", "/account/0/people", {"/account/0/people": "5"}),
        ("request_wrong", "/tariff", {"/tariff": 7}),
        (
            "ladder_state_wrong",
            "/state/ladders/year/used_kwh",
            {"/state": {"ladders": {"year": WRONG_ROW}}},
        ),
        ("value_wrong", "/tariff/inline/charges/0/price", {"/tariff/inline/charges/0/price": 0.5}),
    ],
)
def test_a_case_with_a_fault_is_answered_with_its_refusal(code: str, pointer: str, values: dict[str, Any]) -> None:
    answer = cases.run(changed(CASE, values), [], [])
    assert (answer["refusal"]["code"], answer["refusal"]["pointer"]) == (code, pointer)


def test_a_register_that_rolls_over_counts_on_from_zero() -> None:
    assert cases.run(CASE, [], [])["quantities"]["import"]["kwh"] == "20"


def test_every_rating_code_has_a_test_here() -> None:
    assert {code for code, _, _, _ in REFUSED} | {"register_backwards", "register_digits"} == set(RATING)


def test_no_active_energy_gives_no_adjustment_and_a_finding() -> None:
    (bill,) = rating.rate([request(wh={"import": 0, "reactive.import": 5})], plain({"/charges/1": FACTOR}))
    assert bill.lines == ()
    assert [(f.code, f.pointer) for f in bill.findings] == [("no_active_energy", "/usage/import")]


def test_period_registers_that_do_not_add_up_to_the_total_are_a_finding() -> None:
    wh = {"import": 201_000, "import.peak": 100_000, "import.valley": 100_000}
    strict, loose = homes(), homes({"/sum_tolerance_kwh": "1"})
    assert [f.code for f in rating.rate_one(home(wh=wh), strict).findings] == ["period_sum_differs"]
    assert rating.rate_one(home(wh=wh), loose).findings == ()


def test_negative_usage_is_rated_with_a_finding() -> None:
    bill = rating.rate_one(request(wh={"import": -1000}), plain())
    assert (bill.total_fen, [f.code for f in bill.findings]) == (-50, ["usage_negative"])


def test_a_rest_below_zero_is_taken_as_zero_with_a_finding() -> None:
    rule = {"own": {"rest_of": "import", "without": ["sub"], "below_zero": "zero"}}
    book = plain({"/registers": ["sub"], "/quantities": rule, "/charges/0/quantity": "own"})
    bill = rating.rate_one(request(wh={"import": 1000, "sub": 2000}), book)
    assert (bill.total_fen, [f.code for f in bill.findings]) == (0, ["quantity_below_zero"])


def test_an_account_that_no_charge_is_for_is_billed_0_with_a_finding() -> None:
    farms = plain({"/charges/0/for": {"class": ["agriculture"]}})
    bill = rating.rate_one(request(), farms)
    found = [(f.code, f.severity, f.pointer) for f in bill.findings]
    assert (bill.total_fen, found) == (0, [("no_charge_applies", "warn", "/account/0")])
    assert rating.rate_one(request(facts=fact(class_="agriculture")), farms).findings == ()


def test_an_amount_given_from_outside_is_a_line() -> None:
    book = plain({"/charges/1": {"name": "given", "kind": "given"}})
    bill = rating.rate_one(request(amounts={"given": Exact(1234, 100)}), book)
    assert [line.amount_fen for line in bill.lines] == [5000, 1234]
