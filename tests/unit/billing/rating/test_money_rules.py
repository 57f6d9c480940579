"""Prices, other charges, rounding and tax."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.billing.rating import rating
from shared.exact import divide, parse, text
from tests.unit.billing.rating.documents import PLAIN, amounts, changed, fact, rated

MONTHS = {"month": "thirtieths", "last_part": "rest_of_month"}


# --- exact numbers and rounding


@pytest.mark.parametrize(
    ("num", "den", "mode", "expected"),
    [
        (5, 2, "half_up", 3), (-5, 2, "half_up", -3), (5, 2, "down", 2), (-5, 2, "down", -2), (5, 2, "half_even", 2),
        (7, 2, "half_even", 4), (-7, 2, "half_even", -4), (8, 3, "half_even", 3), (7, 3, "half_even", 2), (0, 7, "half_up", 0),
        (-23116761, 10000, "half_up", -2312), (-23116761, 10000, "down", -2311),
    ],
)  # fmt: skip
def test_rounding_modes_are_what_they_are_called(num: int, den: int, mode: str, expected: int) -> None:
    assert divide(num, den, mode) == expected


def test_no_rounding_makes_no_integer() -> None:
    with pytest.raises(ValueError, match="no way"):
        divide(1, 2, "none")


@pytest.mark.parametrize("wrong", ["", "1e3", " 1", "+1", "1.", ".5", "NaN", "1,5", "１", "0.1234567890123", 1, None])
def test_only_plain_decimals_are_read(wrong: Any) -> None:
    with pytest.raises(ValueError, match="decimal"):
        parse(wrong)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((15064, 10), "1506.4"),
        ((-1, 8), "-0.125"),
        ((1, 3), "1/3"),
        ((10, 30), "1/3"),
        ((7, 1), "7"),
        ((-7, 7000), "-0.001"),
    ],
)
def test_exact_numbers_are_printed_as_decimals_where_they_are_such(value: tuple[int, int], expected: str) -> None:
    assert text(*value) == expected


# --- prices


SERIES = {
    "series": "s",
    "unit": "CNY/kWh",
    "source": "a test",
    "values": [
        {"from": "2025-12-01", "to": "2026-01-01", "price": "0.3"},
        {"from": "2026-01-01", "to": "2026-02-01", "price": "0.4"},
        {"from": "2026-02-01", "to": None, "price": "0.5"},
    ],
}


@pytest.mark.parametrize(("at", "price"), [("bill_month", "0.4"), ("read_day", "0.5"), ("first_day", "0.4")])
def test_a_series_is_read_on_the_day_that_the_document_names(at: str, price: str) -> None:
    bill = rated([{"name": "e", "kind": "energy", "price": {"series": "s"}}], {"/series_at": at}, SERIES)
    assert bill.lines[0].price == parse(price)


def test_a_price_can_be_a_sum_of_a_ratio_of_a_series_and_a_number() -> None:
    price = {"sum": [{"series": "s", "times": "1.6"}, {"of": "base", "times": "0.5"}, "0.001"]}
    bill = rated(
        [{"name": "e", "kind": "energy", "price": price}],
        {"/prices": {"base": "0.1"}, "/series_at": "bill_month"},
        SERIES,
    )
    assert bill.lines[0].exact.fraction() == 100 * parse("0.691").fraction()


@pytest.mark.parametrize(("mode", "price"), [("half_up", "0.133"), ("down", "0.132"), ("none", "0.1325")])
def test_a_unit_price_is_rounded_where_the_document_says_so(mode: str, price: str) -> None:
    ratio = {"of": "base", "times": "0.25", "round": {"step": "0.001", "mode": mode}}
    bill = rated([{"name": "e", "kind": "energy", "price": ratio}], {"/prices": {"base": "0.53"}})
    assert bill.lines[0].price is not None
    assert bill.lines[0].price.fraction() == parse(price).fraction()


def test_a_price_by_month_follows_the_bill_month() -> None:
    price = {"months": [{"months": [1, 7, 8], "price": "2"}, {"months": "rest", "price": "1"}]}
    charges = [{"name": "e", "kind": "energy", "price": price}]
    assert rated(charges, {"/series_at": "bill_month"}).total_fen == 20_000
    june = {"bill_months": (date(2026, 6, 1),)}
    assert rated(charges, {"/series_at": "bill_month"}, **june).total_fen == 10_000
    both = {"bill_months": (date(2026, 7, 1), date(2026, 8, 1))}
    assert rated(charges, {"/series_at": "bill_month"}, **both).total_fen == 20_000


def test_every_slot_of_a_curve_has_its_own_price() -> None:
    hours = {"series": "h", "unit": "CNY/kWh", "source": "a test", "interval_minutes": 60, "days": {}}
    hours["days"] = {f"2026-01-{d:02d}": [str(h) for h in range(24)] for d in range(1, 32)}
    curve = rating.Curve("import", datetime(2025, 12, 31, 16, tzinfo=UTC), 30, [500] * 48 * 31)
    bill = rated(
        [{"name": "e", "kind": "energy", "by": "interval", "price": {"series": "h"}}],
        None,
        hours,
        wh={},
        curves=[curve],
    )
    assert bill.total_fen == 31 * 276 * 100
    assert (bill.lines[0].quantity, len(bill.lines[0].on)) == (744_000, 31)


# --- other charges

CUT = date(2026, 1, 11)


ENERGY = {"name": "energy", "kind": "energy", "price": "0.5"}


@pytest.mark.parametrize(("per", "expected"), [("month", 2000), ("day", 59_000), ("cycle", 1000)])
def test_fixed_amounts_are_per_month_day_or_cycle(per: str, expected: int) -> None:
    two = {"to": date(2026, 3, 1), "read_day": date(2026, 3, 1), "bill_months": (date(2026, 1, 1), date(2026, 2, 1))}
    assert amounts(rated([{"name": "fee", "kind": "fixed", "price": "10", "per": per}], **two)) == [expected]


def test_a_fee_is_shared_by_days_where_the_tariff_changes() -> None:
    fee = {"name": "fee", "kind": "fixed", "price": "31", "per": "month"}
    other = changed(PLAIN, {"/id": "t/other", "/charges": [{**fee, "price": "62"}]})
    facts = (rating.AccountSpan(date(2020, 1, 1), CUT), rating.AccountSpan(CUT, tariff="t/other"))
    bill = rated([fee], None, other, wh={"import": 0}, facts=facts)
    assert amounts(bill) == [1000, 4200]


def test_a_fee_is_charged_once_where_only_the_version_changes() -> None:
    fee = {"name": "fee", "kind": "fixed", "price": "31", "per": "month"}
    second = changed(PLAIN, {"/version": 2, "/effective/from": CUT.isoformat(), "/charges": [fee]})
    assert amounts(rated([fee], {"/effective/to": CUT.isoformat()}, second, wh={"import": 0})) == [3100]


def test_a_percentage_is_of_the_named_charges() -> None:
    levy = {"name": "levy", "kind": "energy", "price": "0.1"}
    percent = {"name": "percent", "kind": "percent", "percent": "1.5", "on": ["energy"], "of": "amount"}
    assert amounts(rated([ENERGY, levy, percent])) == [5000, 1000, 75]


@pytest.mark.parametrize(("kwh", "expected"), [(100, [5000]), (99, [4950, 50]), (0, [5000])])
def test_a_minimum_adds_what_is_missing(kwh: int, expected: list[int]) -> None:
    minimum = {"name": "minimum", "kind": "minimum", "price": "50", "on": ["energy"]}
    bill = rated([ENERGY, minimum], wh={"import": kwh * 1000})
    assert amounts(bill) == expected
    if kwh == 99:
        assert rating.formula(bill.lines[1]) == "1 month x 50 - (49.5) = 0.5"


def test_export_is_a_line_of_its_own_in_favour_of_the_customer() -> None:
    bill = rated(
        [ENERGY, {"name": "export", "kind": "export", "price": "0.4"}], wh={"import": 100_000, "export": 200_000}
    )
    assert [(line.kind, line.quantity, line.amount_fen) for line in bill.lines] == [
        ("energy", 100_000, 5000),
        ("export", 200_000, -8000),
    ]


def test_import_and_export_are_netted_only_where_the_document_says_so() -> None:
    net = {"net": {"rest_of": "import", "without": ["export"], "below_zero": "zero"}}
    bill = rated([{**ENERGY, "quantity": "net"}], {"/quantities": net}, wh={"import": 100_000, "export": 40_000})
    assert amounts(bill) == [3000]


def test_a_credit_a_month_is_for_whom_it_is_for() -> None:
    credit = {"name": "credit", "kind": "credit", "price": "7", "for": {"class": ["low_income"]}}
    assert amounts(rated([ENERGY, credit])) == [5000]
    assert amounts(rated([ENERGY, credit], facts=fact(class_="low_income"))) == [5000, -700]


@pytest.mark.parametrize(
    ("condition", "values", "holds"),
    [
        ({"class": ["a"]}, {"class_": "a"}, True), ({"class": ["a"]}, {"class_": "b"}, False),
        ({"option": ["", "x"]}, {}, True), ({"option": ["", "x"]}, {"option": "y"}, False),
        ({"people_from": 5}, {"people": 5}, True), ({"people_from": 5}, {"people": 4}, False),
        ({"people_below": 5}, {"people": 4}, True), ({"people_below": 5}, {"people": 5}, False),
    ],
)  # fmt: skip
def test_a_charge_holds_for_whom_its_condition_names(
    condition: dict[str, Any], values: dict[str, Any], holds: bool
) -> None:
    extra = {"name": "extra", "kind": "fixed", "price": "1", "per": "month", "for": condition}
    assert (amounts(rated([ENERGY, extra], facts=fact(**values))) == [5000, 100]) is holds


# --- lines, total, tax


@pytest.mark.parametrize(
    ("step", "mode", "expected"),
    [("0.01", "half_up", 3_335), ("0.01", "down", 3_334), ("0.1", "half_up", 3_330), ("1", "half_even", 3_300)],
)
def test_lines_are_rounded_by_the_rule_of_the_document(step: str, mode: str, expected: int) -> None:
    charge = {"name": "e", "kind": "energy", "price": "0.33345"}
    assert rated([charge], {"/rounding/line": {"step": step, "mode": mode}}).total_fen == expected


def test_the_rounding_of_the_total_is_a_line_of_its_own() -> None:
    bill = rated(
        [{"name": "e", "kind": "energy", "price": "0.3334"}], {"/rounding/total": {"step": "0.1", "mode": "half_up"}}
    )
    assert [(line.kind, line.amount_fen) for line in bill.lines] == [("energy", 3334), ("rounding", -4)]
    assert bill.total_fen == 3330


def test_lines_that_are_not_rounded_add_up_to_the_rounded_total() -> None:
    charges = [{"name": f"e{i}", "kind": "energy", "price": "0.00333"} for i in range(3)]
    rounding = {"line": {"step": "0.01", "mode": "none"}, "total": {"step": "0.01", "mode": "half_up"}}
    bill = rated(charges, {"/rounding": rounding}, wh={"import": 1_000})
    assert (amounts(bill), bill.total_fen) == ([0, 1, 0], 1)


def test_tax_that_is_included_is_shown_and_changes_nothing() -> None:
    levy = {"name": "levy", "kind": "energy", "price": "0.02", "tax": False}
    bill = rated([{**ENERGY, "price": "1.13"}, levy], {"/tax": {"included": True, "rate": "0.13", "shown": True}})
    assert (bill.total_fen, bill.tax_fen) == (11_500, 1300)


def test_tax_that_is_included_and_not_shown_is_not_told() -> None:
    bill = rated([ENERGY], {"/tax": {"included": True, "rate": "0.13", "shown": False}})
    assert (bill.total_fen, bill.tax_fen) == (5000, None)


def test_tax_that_is_added_is_a_line_on_what_bears_it() -> None:
    levy = {"name": "levy", "kind": "energy", "price": "0.02", "tax": False}
    bill = rated([ENERGY, levy], {"/tax": {"included": False, "rate": "0.13", "shown": True}})
    assert [(line.kind, line.amount_fen) for line in bill.lines] == [("energy", 5000), ("energy", 200), ("tax", 650)]
    assert (bill.total_fen, bill.tax_fen) == (5850, 650)
    assert rating.formula(bill.lines[2]) == "(50) x 0.13 = 6.5"


def test_a_bill_without_tax_says_so() -> None:
    assert rated([ENERGY]).tax_fen is None


def test_lines_of_nothing_are_left_out() -> None:
    assert rated([ENERGY, {"name": "zero", "kind": "energy", "price": "0"}], wh={"import": 0}).lines == ()


def test_a_line_says_where_it_comes_from() -> None:
    bill = rated([{**ENERGY, "zh": "电度电费"}])
    line = bill.lines[0]
    assert (line.charge, line.zh, line.kind, line.unit, line.tariff, line.version) == (
        "energy",
        "电度电费",
        "energy",
        "kWh",
        "t/plain",
        "1",
    )
    assert (line.from_, line.to, line.period, line.tier) == (date(2026, 1, 1), date(2026, 2, 1), None, None)
    assert rating.formula(line) == "100 kWh x 0.5 = 50"
    assert bill.tariffs == (
        ("t/plain", "1", rating.load_tariff(changed(PLAIN, {"/charges": [{**ENERGY, "zh": "电度电费"}]})).sha256),
    )
