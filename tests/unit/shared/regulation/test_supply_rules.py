"""Calculations by dated policy: late fees, breach, theft, metering faults, compensation."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from shared.regulation import packaged
from shared.regulation.calculate import calculate
from shared.regulation.codes import POLICY, Refused
from shared.regulation.policy import Item, Policy, load_policy, policy_on
from tests.unit.billing.rating.documents import changed

POLICIES = [load_policy(p) for p in packaged.policies()]
OLD = policy_on(POLICIES, "CN/supply-rules", date(2024, 5, 31))
NEW = policy_on(POLICIES, "CN/supply-rules", date(2024, 6, 1))
DOCUMENT = next(p for p in packaged.policies() if p["version"] == "1996")


def values(policy: Policy, calculation: str, **inputs: Any) -> dict[str, Fraction]:
    return {item.name: item.value for item in calculate(policy, calculation, inputs)}


def with_rule(**rules: Any) -> Policy:
    return load_policy({**DOCUMENT, **rules})


def test_the_version_of_a_policy_is_that_of_the_day() -> None:
    assert (OLD.version, NEW.version) == ("1996", "2024")


def late(
    policy: Policy = OLD, user: str = "other", paid: str = "2011-01-18", due: str = "2010-12-15", amount: str = "2000"
) -> dict[str, Fraction]:
    return values(policy, "late_fee", user=user, paid=paid, debts=[{"name": "d", "amount": amount, "due": due}])


def test_late_fees_count_from_the_day_after_the_due_day_up_to_the_payment_day() -> None:
    assert late(paid="2010-12-15")["total"] == 0
    assert late(paid="2010-12-16")["total"] == 4
    assert late(paid="2010-12-31")["total"] == 64


def test_both_readings_across_new_year_are_a_choice_of_the_policy() -> None:
    assert late()["total"] == 64 + 108
    other = with_rule(late_fee={**DOCUMENT["late_fee"], "across_new_year": "past_year_rate_for_all_days"})
    assert late(other)["total"] == 34 * 6
    assert late(other, paid="2010-12-31")["total"] == 64


def test_residents_pay_one_rate_in_both_years() -> None:
    assert late(user="resident")["total"] == 34 * 2


def test_a_late_fee_is_at_least_one_yuan_but_never_made_of_nothing() -> None:
    assert late(amount="10", paid="2010-12-16")["total"] == 1
    assert late(amount="10", paid="2010-12-15")["total"] == 0


def test_theft_of_unknown_start_is_180_days_and_a_known_one_its_own() -> None:
    loads = [{"kw": "2", "use": "lighting"}, {"kw": "1", "use": "power"}]
    assert values(OLD, "theft", price="1", loads=loads)["kwh"] == 180 * (12 + 12)
    found = values(OLD, "theft", price="0.5", loads=loads, days="10")
    assert (found["kwh"], found["back_bill"], found["penalty"]) == (240, 120, 360)
    assert values(OLD, "theft", price="0.5", kwh="7")["penalty"] == Fraction(21, 2)


def test_a_class_change_of_known_start_counts_all_its_months() -> None:
    inputs = {"price_paid": "0.5", "price_due": "0.8", "months_kwh": ["100", "100", "100", "100"]}
    assert values(OLD, "class_change", **inputs)["kwh"] == 300
    assert values(OLD, "class_change", **inputs, start_known=True)["kwh"] == 400
    by_load = {"price_paid": "0.5", "price_due": "0.8", "loads": [{"kw": "1", "use": "power"}], "days": "10"}
    assert values(OLD, "class_change", **by_load)["kwh"] == 120


@pytest.mark.parametrize(("case", "penalty"), [("private", 36_000), ("suspended", 24_000)])
def test_capacity_without_contract_costs_the_basic_charge_and_its_multiple(case: str, penalty: int) -> None:
    found = values(OLD, "capacity_without_contract", case=case, tariff="two_part", kva="200", price="20", months="3")
    assert (found["basic_charge"], found["penalty"]) == (12_000, penalty)


THEFT = [
    {"name": "workshop", "kw": "10", "use": "power", "price": "0.8"},
    {"name": "lamps", "kw": "2", "use": "lighting", "price": "0.5"},
]


def test_days_are_counted_from_dates() -> None:
    loads = [{"kw": "1", "use": "power"}]
    dates = {"from": "2010-01-15", "to": "2010-03-01"}  # 17 days of January and 28 of February
    assert values(OLD, "theft", price="1", loads=loads, **dates)["kwh"] == 45 * 12
    prices = {"price_paid": "0.5", "price_due": "0.8"}
    assert values(OLD, "class_change", **prices, loads=loads, **dates)["kwh"] == 45 * 12
    policy = with_rule(temporary_supply={"short_below": "1/2", "short_pays": "1/2"})
    terms = {"kw": "30", "hours": "6", "price": "0.2", "prepaid": "5000", "from": "2010-01-01", "to": "2010-04-01"}
    assert values(policy, "temporary_supply", **terms, used_to="2010-02-15")["charge"] == 3240  # 45 of 90 days
    assert values(policy, "temporary_supply", **terms, used_to="2010-02-14")["charge"] == 1620


def test_several_loads_have_prices_and_days_of_their_own_in_one_calculation() -> None:
    found = values(OLD, "theft", loads=[THEFT[0] | {"days": "10"}, THEFT[1]])
    assert (found["workshop kWh"], found["lamps kWh"], found["kwh"]) == (1200, 2160, 3360)
    assert (found["workshop"], found["lamps"], found["back_bill"], found["penalty"]) == (960, 1080, 2040, 6120)
    loads = [{"kw": "1", "use": "power", "price_due": "0.9"}, {"kw": "1", "use": "lighting"}]
    change = values(OLD, "class_change", price_paid="0.5", price_due="0.8", loads=loads, days="10")
    assert (change["difference"], change["penalty"]) == (120 * Fraction(4, 10) + 60 * Fraction(3, 10), 132)
    engines = [
        {"name": "T1", "kva": "100", "from": "2010-06-01", "to": "2010-08-01"},
        {"kva": "50", "price": "30", "months": "1"},
    ]
    basic = values(OLD, "capacity_without_contract", case="private", tariff="two_part", price="20", loads=engines)
    assert (basic["T1 months"], basic["T1"], basic["load 2"]) == (2, 4000, 1500)
    assert (basic["basic_charge"], basic["penalty"]) == (5500, 16_500)
    other = values(OLD, "capacity_without_contract", case="private", tariff="other", loads=[{"kva": "1"}, {"kva": "2"}])
    assert other == {"penalty": 150}


def test_a_class_change_of_unknown_start_goes_back_the_months_of_the_policy_for_loads_too() -> None:
    inputs = {"price_paid": "0.5", "price_due": "0.8", "loads": [{"kw": "1", "use": "power"}]}
    # 2010-02-28 to 2010-05-31: 92 days
    assert values(OLD, "class_change", **inputs, to="2010-05-31")["kwh"] == 92 * 12


@pytest.mark.parametrize(
    ("by", "dates", "months"),
    [
        ("thirtieths", ("2010-05-25", "2010-07-01"), Fraction(37, 30)),
        ("thirtieths", ("2010-07-10", "2010-08-17"), Fraction(38, 30)),
        ("calendar_days", ("2010-07-10", "2010-08-17"), Fraction(38, 31)),
        ("calendar_days", ("2010-02-15", "2010-04-01"), 1 + Fraction(14, 28)),
        ("thirtieths", ("2009-12-31", "2011-01-01"), 12 + Fraction(1, 30)),
    ],
)
def test_months_are_counted_from_dates_as_the_policy_counts_a_part_of_one(
    by: str, dates: tuple[str, str], months: Fraction
) -> None:
    policy = with_rule(private_capacity={**DOCUMENT["private_capacity"], "part_month": by})
    inputs = {"case": "private", "tariff": "two_part", "kva": "1", "price": "30", "from": dates[0], "to": dates[1]}
    found = values(policy, "capacity_without_contract", **inputs)
    assert (found["months"], found["basic_charge"]) == (months, 30 * months)


def test_an_untraceable_correction_recovers_at_tier_1_and_refunds_at_the_highest_tier_reached() -> None:
    policy = counting()
    assert values(policy, "untraceable", kwh="100", **REACHED)["amount"] == 50
    assert values(policy, "untraceable", kwh="-100", **REACHED)["amount"] == -60
    assert values(policy, "untraceable", kwh="-100", **{**REACHED, "used_kwh": ["5", "0", "0"]})["amount"] == -50


REACHED = {"tier_prices": ["0.5", "0.6", "0.9"], "used_kwh": ["2760", "10", "0"]}
COUNTED = ("ladder", "power_factor", "levies", "losses")


def counting(*names: str) -> Policy:
    """The policy that says in what the kWh of an untraceable correction count."""
    counts = {what: "yes" if what in names else "no" for what in COUNTED}
    return with_rule(untraceable={**DOCUMENT["untraceable"], "counts_in": counts})


@pytest.mark.parametrize(
    ("names", "inputs", "found"),
    [
        ((), {}, {"amount": -60}),
        (("losses",), {"loss_share": "0.02"}, {"amount": Fraction("-61.2")}),
        (("levies",), {"levies": "0.03"}, {"amount": -60, "levies": -3, "total": -63}),
        (("ladder",), {}, {"amount": -60, "used_kwh_tier_2": -90}),
        (("power_factor",), {}, {"amount": -60, "active_kwh": -100}),
        (
            COUNTED,
            {"loss_share": "0.02", "levies": "0.03"},
            {"amount": Fraction("-61.2"), "levies": Fraction("-3.06"), "total": Fraction("-64.26"),
             "used_kwh_tier_2": -92, "active_kwh": -102},
        ),
    ],
)  # fmt: skip
def test_the_kwh_of_an_untraceable_correction_count_where_the_policy_says_so(
    names: tuple[str, ...], inputs: dict[str, str], found: dict[str, Any]
) -> None:
    got = values(counting(*names), "untraceable", kwh="-100", **REACHED, **inputs)
    assert got == found | {f"counts_in_{what}": int(what in names) for what in COUNTED}


@pytest.mark.parametrize("what", COUNTED)
@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        (None, "policy_unconfirmed", "/policies/CN/supply-rules/untraceable/counts_in/{}"),
        ("perhaps", "policy_wrong", "/policy/untraceable/counts_in/{}"),
    ],
)
def test_a_policy_that_does_not_say_where_the_kwh_count_calculates_nothing(
    what: str, said: str | None, code: str, pointer: str
) -> None:
    counts = dict.fromkeys(COUNTED, "no") | {what: said}
    policy = with_rule(untraceable={**DOCUMENT["untraceable"], "counts_in": counts})
    with pytest.raises(Refused) as caught:
        calculate(policy, "untraceable", {"kwh": "1", **REACHED})
    assert (caught.value.code, caught.value.pointer) == (code, pointer.format(what))


def test_a_meter_that_was_fast_is_refunded_for_half_of_the_span() -> None:
    found = values(OLD, "meter_error", kwh="1050", error="0.05", price="0.5")
    assert (found["kwh"], found["amount"]) == (-25, Fraction(-25, 2))
    assert values(OLD, "meter_error", kwh="950", error="-0.05")["kwh"] == 25


def test_three_transformers_of_the_right_ratio_leave_nothing_to_correct() -> None:
    part = [{"name": "e", "kwh": "3000", "price": "0.45"}]
    wrong = {"ratio": "300/5", "phases": ["300/5", "300/5", "400/5"]}
    assert values(OLD, "wrong_wiring", transformers=wrong, parts=part)["rate"] == Fraction(1, 11)
    right = {"ratio": "60", "phases": ["60", "60", "60"]}
    assert values(OLD, "wrong_wiring", transformers=right, parts=part)["total"] == 0


def test_a_wrong_multiplier_is_corrected_to_the_true_one() -> None:
    assert values(OLD, "wrong_multiplier", kwh="3000", used="30", true="40", price="1") == {"kwh": 1000, "amount": 1000}


def test_a_blown_fuse_is_a_normal_month_less_the_fault_month() -> None:
    assert values(OLD, "fuse_blown", normal_kwh="900", fault_kwh="300", price="0.5") == {"kwh": 600, "amount": 300}


@pytest.mark.parametrize(("actual", "kwh", "supersede"), [("250", 50, 0), ("150", -50, 1), ("200", 0, 0)])
def test_estimates_are_trued_up_at_the_next_read(actual: str, kwh: int, supersede: int) -> None:
    found = values(OLD, "unreadable_trued_up", actual_kwh=actual, estimated_kwh=["100", "100"])
    assert found == {"kwh": kwh, "supersede": supersede}


def test_temporary_supply_of_less_than_half_the_term_pays_its_share() -> None:
    policy = with_rule(temporary_supply={"short_below": "1/2", "short_pays": "1/2"})
    inputs = {"kw": "30", "hours": "6", "days": "90", "price": "0.2", "prepaid": "5000"}
    assert values(policy, "temporary_supply", **inputs, used_days="45")["charge"] == 3240
    short = values(policy, "temporary_supply", **inputs, used_days="44")
    assert (short["charge"], short["refund"]) == (1620, 3380)


def test_yuan_are_rounded_half_up_to_the_fen_and_kwh_are_not() -> None:
    assert Item("", Fraction(1, 200), "yuan", "").amount_fen == 1
    assert Item("", Fraction(-1, 200), "yuan", "").amount_fen == -1
    assert Item("", Fraction(1, 3), "kWh", "").amount_fen is None


@pytest.mark.parametrize(
    ("code", "pointer", "policy", "calculation", "inputs"),
    [
        ("policy_unknown", "/calculation", OLD, "magic", {}),
        ("input_missing", "/input/price", OLD, "theft", {"loads": []}),
        ("input_missing", "/input/loads/0/kw", OLD, "theft", {"price": "1", "loads": [{"use": "power"}]}),
        ("input_wrong", "/input/price", OLD, "theft", {"price": 0.3, "loads": []}),
        ("input_wrong", "/input/loads", OLD, "theft", {"price": "1", "loads": []}),
        ("input_missing", "/input/loads", OLD, "theft", {"price": "1"}),
        ("input_missing", "/input/price", OLD, "theft", {"loads": [THEFT[0], {"kw": "1", "use": "power"}]}),
        ("input_wrong", "/input/loads", OLD, "theft", {"price": "1", "kwh": "1", "loads": THEFT}),
        ("input_wrong", "/input/from", OLD, "theft", {"price": "1", "loads": THEFT, "days": "1", "from": "2010-01-01"}),
        ("input_missing", "/input/to", OLD, "theft", {"price": "1", "loads": THEFT, "from": "2010-01-01"}),
        ("input_missing", "/input/from", OLD, "theft", {"price": "1", "loads": THEFT, "to": "2010-01-01"}),
        (
            "input_wrong",
            "/input/to",
            OLD,
            "theft",
            {"price": "1", "loads": THEFT, "from": "2010-01-01", "to": "2010-01-01"},
        ),
        ("input_wrong", "/input/loads/0/kw", OLD, "theft", {"price": "1", "loads": [{"kw": "-1", "use": "power"}]}),
        (
            "input_wrong",
            "/input/debts/0/amount",
            OLD,
            "late_fee",
            {"user": "other", "paid": "2010-01-02", "debts": [{"name": "d", "amount": "-1", "due": "2010-01-01"}]},
        ),
        (
            "input_wrong",
            "/input/price_due",
            OLD,
            "class_change",
            {"price_paid": "0.8", "price_due": "0.5", "months_kwh": ["1"]},
        ),
        (
            "input_wrong",
            "/input/months",
            OLD,
            "capacity_without_contract",
            {"case": "private", "tariff": "other", "kva": "1", "months": "2"},
        ),
        ("input_wrong", "/input/day", OLD, "theft", {"price": "1", "loads": THEFT, "day": "30"}),
        (
            "input_wrong",
            "/input/transformers/ratio",
            OLD,
            "wrong_wiring",
            {"transformers": {"ratio": "0/5", "phases": ["1"]}, "parts": [{"name": "e", "kwh": "1", "price": "1"}]},
        ),
        ("input_wrong", "/input/loads", OLD, "theft", {"price": "1", "loads": "all"}),
        ("input_wrong", "/input/loads/0/use", OLD, "theft", {"price": "1", "loads": [{"kw": "1", "use": "fun"}]}),
        ("input_wrong", "/input/paid", OLD, "late_fee", {"user": "other", "paid": "soon", "debts": []}),
        ("input_wrong", "/input/error", OLD, "meter_error", {"kwh": "1", "error": "-1"}),
        ("input_wrong", "/input/used", OLD, "wrong_multiplier", {"kwh": "1", "used": "0", "true": "1"}),
        ("input_wrong", "/input/used_kwh", OLD, "untraceable", {"kwh": "1", "tier_prices": ["1"], "used_kwh": []}),
        ("input_missing", "/input/loss_share", counting("losses"), "untraceable", {"kwh": "1", **REACHED}),
        ("input_missing", "/input/levies", counting("levies"), "untraceable", {"kwh": "1", **REACHED}),
        ("policy_unconfirmed", "/policies/CN/supply-rules/theft/times", NEW, "theft", {"price": "1", "kwh": "1"}),
        (
            "policy_unconfirmed",
            "/policies/CN/supply-rules/untraceable/counts_in/ladder",
            OLD,
            "untraceable",
            {"kwh": "1", "tier_prices": ["1"], "used_kwh": ["0"]},
        ),
        (
            "policy_unconfirmed",
            "/policies/CN/supply-rules/suspended_capacity/yuan_per_kva",
            OLD,
            "capacity_without_contract",
            {"case": "suspended", "tariff": "other", "kva": "1"},
        ),
    ],
)
def test_what_cannot_be_calculated_is_refused(
    code: str, pointer: str, policy: Policy, calculation: str, inputs: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as caught:
        calculate(policy, calculation, inputs)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)
    assert code in POLICY


@pytest.mark.parametrize(
    ("pointer", "document"),
    [
        ("/policy/effective", changed(DOCUMENT, drop="/effective")),
        ("/policy/effective/to", changed(DOCUMENT, {"/effective/to": "never"})),
        ("/policy/latefee", changed(DOCUMENT, {"/latefee": {}})),
        ("/policy/theft/tmies", changed(DOCUMENT, {"/theft/tmies": "3"})),
        ("/policy/theft/times", changed(DOCUMENT, {"/theft/times": "-3"})),
        ("/policy/late_fee/on_late_fees", changed(DOCUMENT, {"/late_fee/on_late_fees": True})),
        ("/policy/sources", changed(DOCUMENT, {"/sources": []})),
        ("/policy/effective", changed(DOCUMENT, {"/effective": {"from": "2024-01-02", "to": "2024-01-02"}})),
    ],
)
def test_a_policy_document_with_a_fault_is_refused(pointer: str, document: dict[str, Any]) -> None:
    with pytest.raises(Refused) as caught:
        load_policy(document)
    assert (caught.value.code, caught.value.pointer) == ("policy_wrong", pointer)


def test_a_policy_of_another_day_or_name_is_unknown() -> None:
    with pytest.raises(Refused) as caught:
        policy_on(POLICIES, "CN/other", date(2024, 1, 1))
    assert caught.value.code == "policy_unknown"
