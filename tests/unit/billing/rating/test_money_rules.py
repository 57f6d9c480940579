"""Prices, two-part tariffs, power factor, other charges, rounding and tax."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.billing.domain import rating
from services.billing.domain.reference.two_part import hundredths
from services.billing.domain.tariff.exact import Exact, divide, parse, text
from tests.unit.billing.rating.documents import PLAIN, TABLE, changed, request

MONTHS = {"month": "thirtieths", "last_part": "rest_of_month"}


def rated(
    charges: list[dict[str, Any]], values: dict[str, Any] | None = None, *more: dict[str, Any], **asked: Any
) -> rating.RatedBill:
    book = rating.load_book([changed(PLAIN, {"/charges": charges, **(values or {})}), TABLE, *more])
    bill = rating.rate_one(request(**asked), book)
    assert bill.refusal is None, bill.refusal
    return bill


def amounts(bill: rating.RatedBill) -> list[int]:
    return [line.amount_fen for line in bill.lines]


def fact(**values: Any) -> tuple[rating.AccountFact, ...]:
    return (rating.AccountFact(date(2020, 1, 1), **values),)


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


# --- capacity


def capacity(price: str = "30", **more: Any) -> dict[str, Any]:
    return {"name": "capacity", "kind": "capacity", "price": price, **MONTHS, **more}


CUT = date(2026, 1, 11)
GROWN = (rating.AccountFact(date(2020, 1, 1), CUT, capacity_va=100_000), rating.AccountFact(CUT, capacity_va=400_000))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (MONTHS, [100_000, 800_000]),  # 10/30, and the rest 20/30
        ({"month": "thirtieths", "last_part": "own_days"}, [100_000, 840_000]),  # 10/30 and 21/30: 31/30
        ({"month": "calendar_days"}, [96_774, 812_903]),  # 10/31 and 21/31
    ],
)
def test_a_month_of_change_is_paid_by_thirtieths_or_by_calendar_days(rule: dict[str, str], expected: list[int]) -> None:
    charge = {"name": "capacity", "kind": "capacity", "price": "30", **rule}
    assert amounts(rated([charge], facts=GROWN)) == expected


def test_a_change_of_other_facts_does_not_cut_the_capacity() -> None:
    facts = (
        rating.AccountFact(date(2020, 1, 1), CUT, capacity_va=100_000),
        rating.AccountFact(CUT, capacity_va=100_000, people=9),
    )
    assert amounts(rated([capacity()], facts=facts)) == [300_000]


def test_a_cycle_of_two_months_pays_two_months_of_capacity() -> None:
    two = {"to": date(2026, 3, 1), "read_day": date(2026, 3, 1), "bill_months": (date(2026, 1, 1), date(2026, 2, 1))}
    assert amounts(rated([capacity()], facts=GROWN, **two)) == [100_000, 2_000_000]


@pytest.mark.parametrize(("rule", "days", "month"), [(MONTHS, 20, 30), ({"month": "calendar_days"}, 21, 31)])
def test_an_account_opened_in_the_month_pays_its_days_only(rule: dict[str, str], days: int, month: int) -> None:
    """11 to 31 January: 21 of 31 calendar days, or what 10 days have left of thirty."""
    facts = (rating.AccountFact(CUT, capacity_va=1_000_000),)
    charge = {"name": "c", "kind": "capacity", "price": "30", **rule}
    bill = rated([charge], from_=CUT, month=(date(2026, 1, 1), date(2026, 2, 1)), facts=facts)
    assert bill.lines[0].exact.fraction() == Exact(30_000 * days, month).fraction()


STATES = {"state_share": {"running": "1", "suspended": "0.5"}, "suspension_counts_from_days": 15}


def suspended(days: int | None) -> tuple[rating.AccountFact, ...]:
    def equipment(state: str) -> tuple[rating.Equipment, ...]:
        return (rating.Equipment("T1", 100_000, state), rating.Equipment("T2", 50_000))

    start = date(2026, 1, 6)
    end = date(2026, 1, 6 + days) if days else None
    facts = [rating.AccountFact(date(2020, 1, 1), start, equipment=equipment("running"))]
    facts.append(rating.AccountFact(start, end, equipment=equipment("suspended")))
    if end:
        facts.append(rating.AccountFact(end, equipment=equipment("running")))
    return tuple(facts)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (14, [75_000, 210_000, 165_000]),  # under 15 days: pays in full
        (15, [75_000, 75_000, 75_000, 150_000]),
        (None, [75_000, 125_000, 125_000]),  # no end known: it counts
    ],
)
def test_a_suspension_counts_from_its_shortest_length_on(days: int | None, expected: list[int]) -> None:
    assert sorted(amounts(rated([capacity(**STATES)], facts=suspended(days)))) == sorted(expected)


def test_the_length_of_a_suspension_reaches_over_a_change_within_it() -> None:
    first, second = suspended(10)[:2]
    more = rating.AccountFact(date(2026, 1, 16), date(2026, 1, 21), equipment=(second.equipment[0],))
    after = rating.AccountFact(date(2026, 1, 21), equipment=first.equipment)
    bill = rated([capacity(**STATES)], facts=(first, second, more, after))
    shares = [line.factors[0] for line in bill.lines if line.factors and line.factors[0] == parse("0.5")]
    assert len(shares) == 2


# --- demand


def demand(basis: str, **more: Any) -> dict[str, Any]:
    return {"name": "demand", "kind": "demand", "price": "40", "basis": basis, **MONTHS, **more}


OVER = {"over": {"from": "1.05", "times": "2"}, "floor_share": "0.40"}


@pytest.mark.parametrize(
    ("measured", "expected"),
    [(100_000, [800_000]), (210_000, [800_000]), (211_000, [844_000, 4_000]), (300_000, [1_200_000, 360_000])],
)
def test_above_105_percent_of_the_contract_the_part_above_is_paid_twice(measured: int, expected: list[int]) -> None:
    facts = fact(capacity_va=400_000, contract_demand_w=200_000)
    assert amounts(rated([demand("contract", **OVER)], wh={"demand": measured}, facts=facts)) == expected


def test_a_contract_below_the_floor_is_taken_as_the_floor() -> None:
    facts = fact(capacity_va=1_000_000, contract_demand_w=200_000)
    assert amounts(rated([demand("contract", **OVER)], wh={"demand": 1}, facts=facts)) == [1_600_000]


@pytest.mark.parametrize(("measured", "billed"), [(100_000, 160_000), (160_000, 160_000), (200_000, 200_000)])
def test_actual_demand_has_a_floor(measured: int, billed: int) -> None:
    bill = rated([demand("actual", floor_share="0.40")], wh={"demand": measured}, facts=fact(capacity_va=400_000))
    assert bill.lines[0].quantity == billed


def test_demand_over_several_reads_is_the_highest() -> None:
    parts = (
        rating.UsagePart(date(2026, 1, 1), CUT, {"demand": 5000}),
        rating.UsagePart(CUT, date(2026, 2, 1), {"demand": 4000}),
    )
    assert rated([demand("actual")], usage=parts).lines[0].quantity == 5000


def test_demand_is_the_highest_of_all_segments_of_the_cycle() -> None:
    second = changed(PLAIN, {"/version": 2, "/effective/from": CUT.isoformat(), "/charges": [demand("actual")]})
    parts = (
        rating.UsagePart(date(2026, 1, 1), CUT, {"demand": 5000}),
        rating.UsagePart(CUT, date(2026, 2, 1), {"demand": 4000}),
    )
    bill = rated([demand("actual")], {"/effective/to": CUT.isoformat()}, second, usage=parts)
    assert [line.quantity for line in bill.lines] == [5000, 5000]


def test_demand_from_a_curve_is_the_highest_mean_of_a_quarter_of_an_hour() -> None:
    five = [100, 100, 100] * 4 * 24 * 31
    five[3:6] = [0, 700, 200]  # 00:15-00:30
    five[7:10] = [900, 0, 0]  # 00:35-00:50 lies in two quarters: 1,000 and 100 Wh
    curve = rating.Curve("import", datetime(2025, 12, 31, 16, tzinfo=UTC), 5, five)
    bill = rated([demand("actual", from_curve="import")], wh={}, curves=[curve])
    assert bill.lines[0].quantity == 1000 * 4


def test_a_ratchet_keeps_a_share_of_the_highest_demand_of_the_months_before() -> None:
    charge = demand("actual", ratchet={"share": "0.8", "months": 2})
    state = {"ladders": {}, "demand_w": {"demand": {"2025-11": 100_000, "2025-12": 50_000}}}
    bill = rated([charge], wh={"demand": 60_000}, state=state)
    assert bill.lines[0].quantity == 80_000
    assert bill.state == {"ladders": {}, "demand_w": {"demand": {"2025-12": 50_000, "2026-01": 60_000}}}
    assert rated([charge], wh={"demand": 90_000}, state=state).lines[0].quantity == 90_000


@pytest.mark.parametrize(("kwh", "price"), [(103_999, "40"), (104_000, "36")])
def test_from_260_kwh_per_kva_the_demand_price_is_lower(kwh: int, price: str) -> None:
    charge = demand("actual", discount={"kwh_per_kva": "260", "pays": "0.90"})
    bill = rated([charge], wh={"import": kwh * 1000, "demand": 1000}, facts=fact(capacity_va=400_000))
    assert bill.lines[0].price is not None
    assert bill.lines[0].price.fraction() == parse(price).fraction()


# --- power factor


@pytest.mark.parametrize(
    ("active", "reactive", "expected"),
    [
        (40_000, 30_000, 80),
        (40_000, 39_670, 71),
        (694_152, 256_728, 94),
        (36_000, 16_200, 91),
        (1, 0, 100),
        (1, 10**6, 0),
        (3, 4, 60),
    ],
)
def test_cos_phi_is_rounded_to_hundredths(active: int, reactive: int, expected: int) -> None:
    assert hundredths(active, reactive) == expected


def test_cos_phi_is_decided_exactly_at_the_half() -> None:
    """cos φ = 0.895 exactly: A² · 10⁶ = 895² · (A² + R²); one Wh more of reactive energy is just below."""
    from math import isqrt

    active = 895 * 10**9
    reactive = isqrt((10**6 - 895**2) * 10**18)
    assert hundredths(active, reactive) == 90
    assert hundredths(active, reactive + 10**3) == 89


FACTOR = {
    "name": "pf",
    "kind": "power_factor",
    "table": "CN-1983",
    "active": "import",
    "reactive": "reactive.import",
    "on": ["energy"],
    "of": "exact",
}


@pytest.mark.parametrize(
    ("standard", "hundredth", "percent"),
    [
        ("0.90", 90, "0"), ("0.90", 89, "0.5"), ("0.90", 70, "10"), ("0.90", 69, "11"), ("0.90", 65, "15"), ("0.90", 64, "17"),
        ("0.90", 91, "-0.15"), ("0.90", 95, "-0.75"), ("0.90", 100, "-0.75"),
        ("0.85", 84, "0.5"), ("0.85", 86, "-0.1"), ("0.85", 90, "-0.5"), ("0.85", 91, "-0.65"), ("0.85", 94, "-1.1"),
        ("0.85", 99, "-1.1"),
        ("0.80", 79, "0.5"), ("0.80", 81, "-0.1"), ("0.80", 90, "-1"), ("0.80", 92, "-1.3"), ("0.80", 93, "-1.3"),
    ],
)  # fmt: skip
def test_the_table_of_1983_gives_the_percentage(standard: str, hundredth: int, percent: str) -> None:
    from services.billing import tariffs
    from services.billing.domain.reference.two_part import factor_percent
    from services.billing.domain.tariff.model import PowerFactor

    tables = {d["table"]: d for d in tariffs.documents() if "table" in d}
    charge = rating.load_tariff(changed(PLAIN, {"/charges/1": {**FACTOR, "standard": standard}}), tables).charges[1]
    assert isinstance(charge, PowerFactor)
    assert factor_percent(charge, hundredth).fraction() == parse(percent).fraction()


@pytest.mark.parametrize(("of", "amount"), [("exact", -94), ("amount", -94)])
def test_the_adjustment_is_on_the_named_charges_alone(of: str, amount: int) -> None:
    factor = {**FACTOR, "table": "t/factor", "standard": "0.90", "of": of}
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.5"},
        {"name": "levy", "kind": "energy", "price": "9"},
        factor,
    ]
    bill = rated(charges, wh={"import": 250_000, "reactive.import": 0})
    assert (bill.lines[2].amount_fen, bill.lines[2].on) == (
        amount,
        (Exact(12_500, 100),) if of == "amount" else bill.lines[2].on,
    )


def test_the_adjustment_of_exact_values_and_of_amounts_can_differ() -> None:
    def adjustment(of: str) -> Exact:
        factor = {**FACTOR, "table": "t/factor", "standard": "0.90", "of": of}
        charges = [{"name": "energy", "kind": "energy", "price": "0.33333"}, factor]
        return rated(charges, wh={"import": 1000, "reactive.import": 1000}).lines[1].exact

    assert adjustment("exact").fraction() == parse("0.33333").fraction() * parse("0.095").fraction()
    assert adjustment("amount").fraction() == parse("0.33").fraction() * parse("0.095").fraction()


# --- other charges


ENERGY = {"name": "energy", "kind": "energy", "price": "0.5"}


@pytest.mark.parametrize(("per", "expected"), [("month", 2000), ("day", 59_000), ("cycle", 1000)])
def test_fixed_amounts_are_per_month_day_or_cycle(per: str, expected: int) -> None:
    two = {"to": date(2026, 3, 1), "read_day": date(2026, 3, 1), "bill_months": (date(2026, 1, 1), date(2026, 2, 1))}
    assert amounts(rated([{"name": "fee", "kind": "fixed", "price": "10", "per": per}], **two)) == [expected]


def test_a_fee_is_shared_by_days_where_the_tariff_changes() -> None:
    fee = {"name": "fee", "kind": "fixed", "price": "31", "per": "month"}
    other = changed(PLAIN, {"/id": "t/other", "/charges": [{**fee, "price": "62"}]})
    facts = (rating.AccountFact(date(2020, 1, 1), CUT), rating.AccountFact(CUT, tariff="t/other"))
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
