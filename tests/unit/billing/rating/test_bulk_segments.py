"""Cycles that are cut, quantities before prices, dated prices: the bulk implementation beside the reference."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.billing.rating import rating
from services.billing.rating.bulk import rate as bulk
from tests.unit.billing.rating.beside import both
from tests.unit.billing.rating.documents import HOME, PLAIN

FIRST, CUT, LAST = date(2026, 3, 1), date(2026, 3, 12), date(2026, 4, 1)
MONTHLY = {
    "series": "monthly", "unit": "CNY/kWh", "source": "a test",
    "values": [{"from": f"2026-0{m}-01", "to": f"2026-0{m + 1}-01", "price": f"0.{m}"} for m in range(1, 6)],
}  # fmt: skip


def versions(*bodies: dict[str, Any], base: dict[str, Any] = PLAIN) -> rating.TariffBook:
    """Versions of one tariff: the second from the day of the cut on."""
    dates = [("2020-01-01", CUT.isoformat()), (CUT.isoformat(), None)] if len(bodies) > 1 else [("2020-01-01", None)]
    documents = [
        {**base, "id": "t", "version": n, "effective": {"from": a, "to": b}, **body}
        for n, (body, (a, b)) in enumerate(zip(bodies, dates, strict=True), 1)
    ]
    return rating.load_book([MONTHLY, *documents])


def request(parts: Sequence[tuple[date, date, dict[str, int]]], **more: Any) -> rating.Request:
    usage = tuple(rating.UsagePart(a, b, wh) for a, b, wh in parts)
    known = {"read_day": LAST, "bill_months": (FIRST,), "facts": (rating.AccountSpan(date(2020, 1, 1)),),
             "state": {"ladders": {"year": {"year": 2026, "used_wh": [0, 0, 0]}}}}  # fmt: skip
    return rating.Request(contract="c", tariff="t", from_=FIRST, to=LAST, usage=usage, **(known | more))


def test_the_part_of_a_cycle_for_which_there_is_no_charge_is_found_alike() -> None:
    farms = {"name": "energy", "kind": "energy", "price": "0.5", "for": {"class": ["agriculture"]}}
    facts = (rating.AccountSpan(date(2020, 1, 1), to=CUT, class_="agriculture"), rating.AccountSpan(CUT))
    once = request(WHOLE, facts=facts)
    (bill,) = both([once], versions({"charges": [farms], "registers": ["demand"]}))
    assert [(f.code, f.pointer) for f in bill.findings] == [("no_charge_applies", "/account/1")]
    assert [(line.from_, line.to) for line in bill.lines] == [(FIRST, CUT)]


WHOLE = [(FIRST, LAST, {"import": 310_001, "demand": 7})]
READS = [(FIRST, CUT, {"import": 110_001, "demand": 9}), (CUT, LAST, {"import": 200_000, "demand": 5})]


@pytest.mark.parametrize("parts", [WHOLE, READS], ids=["one read", "two reads"])
@pytest.mark.parametrize("bill_months", [(FIRST,), (FIRST, date(2026, 4, 1))])
@pytest.mark.parametrize("rule", [
    "split_by_read", "split_by_days", "price_of_the_read_day", "price_of_the_first_day", "next_cycle",
])  # fmt: skip
def test_a_new_version_within_the_cycle_is_switched_to_alike(parts: Any, bill_months: Any, rule: str) -> None:
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.5"},
        {"name": "fee", "kind": "fixed", "price": "3.1", "per": "month"},
        {"name": "daily", "kind": "fixed", "price": "0.07", "per": "day"},
        {"name": "share", "kind": "percent", "percent": "2", "on": ["energy"], "of": "exact"},
        {"name": "demand", "kind": "demand", "price": "9", "basis": "actual", "month": "calendar_days"},
    ]
    newer = [{**charges[0], "price": "0.61"}, *charges[1:]]
    own = versions({"charges": charges}, {"charges": newer}, base={**PLAIN, "on_change": {"usage": rule}})
    (bill,) = both([request(parts, bill_months=bill_months)], own)
    if bill.refusal is None:
        prices = {line.price.fraction() * 100 for line in bill.lines if line.charge == "energy" and line.price}
        split = rule.startswith("split")
        assert prices == ({50, 61} if split else {61} if rule == "price_of_the_read_day" else {50})
        assert sum(line.quantity or 0 for line in bill.lines if line.charge == "energy") == 310_001
    else:
        assert (rule, len(parts)) == ("split_by_read", 1)


@pytest.mark.parametrize("parts", [WHOLE, READS], ids=["one read", "two reads"])
def test_an_account_that_changes_its_tariff_shares_the_month_between_both(parts: Any) -> None:
    fee = {"name": "fee", "kind": "fixed", "price": "31", "per": "month"}
    least = {"name": "least", "kind": "minimum", "price": "90", "on": ["energy"]}
    energy = {"name": "energy", "kind": "energy", "price": "0.5"}
    dates = {"effective": {"from": "2020-01-01", "to": None}}
    own = rating.load_book([
        {**PLAIN, **dates, "id": "t", "charges": [energy, fee]},
        {**PLAIN, **dates, "id": "u", "charges": [energy, fee, least]},
    ])  # fmt: skip
    facts = (rating.AccountSpan(date(2020, 1, 1), CUT), rating.AccountSpan(CUT, tariff="u"))
    (bill,) = both([request(parts, facts=facts)], own)
    assert [line.amount_fen for line in bill.lines if line.charge == "fee"] == [1100, 2000]


def test_facts_that_change_who_pays_what_cut_the_cycle() -> None:
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.5"},
        {"name": "poor", "kind": "energy", "price": "-0.1", "for": {"class": ["low_income"]}},
        {"name": "large", "kind": "energy", "price": "0.01", "for": {"people_from": 5}},
        {"name": "small", "kind": "energy", "price": "0.02", "for": {"people_below": 5}},
        {"name": "chosen", "kind": "energy", "price": "0.03", "for": {"option": ["night"]}},
    ]
    facts = (
        rating.AccountSpan(date(2020, 1, 1), date(2026, 3, 5), people=5),
        rating.AccountSpan(date(2026, 3, 5), CUT, people=4, class_="low_income"),
        rating.AccountSpan(CUT, date(2026, 3, 20), people=3, class_="low_income"),
        rating.AccountSpan(date(2026, 3, 20), None, people=3, class_="low_income", option="day"),
    )
    (bill,) = both([request(WHOLE, facts=facts)], versions({"charges": charges}))
    assert [(line.charge, line.from_.day) for line in bill.lines if line.charge != "energy"] == [
        ("large", 1), ("poor", 5), ("small", 5),
    ]  # fmt: skip


@pytest.mark.parametrize("rest", ["stays_in_the_register", "lost"])
@pytest.mark.parametrize("mode", ["half_up", "down", "half_even"])
def test_energy_is_rounded_and_demand_is_not(rest: str, mode: str) -> None:
    rounding = {**PLAIN["rounding"], "kwh": {"step": "1", "mode": mode, "rest": rest}}
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.5"},
        {"name": "demand", "kind": "demand", "price": "9", "basis": "actual", "month": "calendar_days"},
    ]
    own = versions({"rounding": rounding, "charges": charges})
    asked = [
        request([(FIRST, LAST, {"import": wh, "demand": 1499})], state={"ladders": {}, "rest_wh": {"import": 300}})
        for wh in (0, 499, 500, 1500, 2500, 1200, -700)
    ]
    for bill in both(asked, own):
        assert bill.quantities_wh["import"] % 1000 == 0
        assert bill.quantities_wh["demand"] == 1499


@pytest.mark.parametrize(("total", "found"), [(300, 0), (302, 0), (298, 0), (303, 1), (297, 1)])
def test_periods_that_do_not_add_up_to_the_total_are_found_beyond_the_tolerance(total: int, found: int) -> None:
    own = versions({"sum_tolerance_kwh": "0.002"}, base=HOME)
    wh = {"import": total, "import.peak": 100, "import.valley": 200}
    (bill,) = both([request([(FIRST, LAST, wh)])], own)
    assert [f.code for f in bill.findings] == ["period_sum_differs"] * found


def test_a_register_that_the_tariff_does_not_know_is_refused_unless_it_is_zero() -> None:
    own = versions({}, base=HOME)
    asked = [request([(FIRST, LAST, {"import.peak": 1, "import.valley": 2, "import.flat": wh})]) for wh in (0, 1)]
    fine, unknown = both(asked, own)
    assert fine.refusal is None
    assert unknown.refusal is not None
    assert unknown.refusal.code == "register_unknown"


@pytest.mark.parametrize("below", ["zero", "kept"])
def test_sub_meters_are_taken_off_and_what_falls_below_zero_is_found(below: str) -> None:
    rules = {
        "own": {"rest_of": "import", "without": ["sub"], "below_zero": below},
        "both": {"sum": ["own", "sub", "export"]},
        "size": {"sum_abs": ["own", "export"]},
        "part": {"spread": "sub", "by": "import"},
        "monthly": {"fixed_kwh": "12.345", "round": {"step": "0.01", "mode": "down"}},
    }
    energy = HOME["charges"][0]
    charges = [energy, {**energy, "name": "spread", "quantity": "part"}] + [
        {"name": name, "kind": "energy", "quantity": name, "price": "1"} for name in ("own", "both", "size", "monthly")
    ]
    own = versions({"registers": ["sub"], "quantities": rules, "charges": charges}, base=HOME)
    asked = [request([(FIRST, LAST, {"import.peak": 100, "import.valley": 200, "sub": s})]) for s in (0, 299, 300, 301)]
    bills = both(asked, own)
    assert [bool(bill.findings) for bill in bills] == [False, False, False, below == "zero"]
    assert bills[-1].quantities_wh["own"] == (0 if below == "zero" else -1)
    assert bills[0].quantities_wh["monthly"] == 12_340


PRICES = [
    "0.5",
    {"series": "monthly"},
    {"series": "monthly", "times": "1.37", "round": {"step": "0.01", "mode": "half_up"}},
    {"sum": ["0.1", {"series": "monthly"}, {"of": "base", "times": "0.333"}]},
    {"months": [{"months": [3], "price": "0.9"}, {"months": "rest", "price": {"series": "monthly"}}]},
]


@pytest.mark.parametrize("price", PRICES, ids=range(len(PRICES)))
@pytest.mark.parametrize("at", ["bill_month", "read_day", "first_day"])
@pytest.mark.parametrize("months", [1, 2])
def test_dated_prices_are_looked_up_alike(price: Any, at: str, months: int) -> None:
    charges = [{"name": "energy", "kind": "energy", "price": price}]
    own = versions({"series_at": at, "prices": {"base": "0.123"}, "charges": charges})
    found = both([request(WHOLE, bill_months=(FIRST, date(2026, 4, 1))[:months])], own)[0]
    varies = at == "bill_month" and months == 2 and price != "0.5"
    assert (found.refusal is not None) == varies
    if at == "read_day" and price == {"series": "monthly"}:
        assert found.lines[0].price is not None
        assert found.lines[0].price.fraction() * 10 == 4


@pytest.mark.parametrize("change", [
    {"to": FIRST}, {"bill_months": ()}, {"bill_months": (date(2026, 3, 2),)}, {"usage": ()},
    {"usage": (rating.UsagePart(FIRST, CUT, {"import": 1}),)},
    {"usage": (rating.UsagePart(CUT, LAST, {"import": 1}),)},
    {"facts": ()}, {"facts": (rating.AccountSpan(CUT),)}, {"facts": (rating.AccountSpan(FIRST, CUT),)},
    {"facts": (rating.AccountSpan(FIRST, CUT), rating.AccountSpan(date(2026, 3, 13)))},
    {"tariff": "unknown"}, {"from_": date(2019, 1, 1)},
])  # fmt: skip
def test_what_one_refuses_the_other_refuses(change: dict[str, Any]) -> None:
    own = versions({})
    (bill,) = rating.rate([replace(request(WHOLE), **change)], own)
    assert bill.refusal is not None
    (mine,) = bulk.rate([replace(request(WHOLE), **change)], own)
    assert mine is None or mine.refusal is not None


@pytest.mark.parametrize("facts", [1, 2])
def test_the_read_day_of_an_account_that_was_closed_has_its_last_facts(facts: int) -> None:
    head = {"effective": {"from": "2020-01-01", "to": None}, "on_change": {"usage": "price_of_the_read_day"}}
    own = rating.load_book([{**PLAIN, **head, "id": "t"}, {**PLAIN, **head, "id": "u"}])
    closed = (rating.AccountSpan(date(2020, 1, 1), CUT), rating.AccountSpan(CUT, LAST, tariff="u"))
    last = closed if facts == 2 else (rating.AccountSpan(date(2020, 1, 1), LAST, tariff="u"),)
    (bill,) = both([request(WHOLE, facts=last)], own)
    assert [line.tariff for line in bill.lines] == ["u"]
