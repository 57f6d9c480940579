"""Each review rule fires at its limit, and is silent one step below it."""

from datetime import date
from typing import Any

import orjson
import pytest

from services.billing.bills.domain import policy
from services.billing.review.domain import findings
from services.billing.review.domain import limits as review
from services.billing.review.domain.limits import Limits
from services.billing.review.domain.rule import AnyRule
from services.billing.review.domain.rules.registry import RULES
from services.billing.review.domain.subject import Beside, Peers, Subject
from services.billing.settings import DEFAULT_POLICY

DOCUMENT = orjson.loads(DEFAULT_POLICY.read_bytes())


def rules(**changes: Any) -> Limits:
    document = orjson.loads(orjson.dumps(DOCUMENT))
    document["versions"][0]["review"] |= changes
    (version,) = [policy.load(document).on(date(2026, 1, 1))]
    return version.review


def subject(**changes: Any) -> Subject:
    values: dict[str, Any] = {
        "customer_class": "residential",
        "energy_wh": 200_000,
        "days": 30,
        "months": 1,
        "total_fen": 10_000,
        "previous_wh": 200_000,
        "previous_days": 30,
    }
    return Subject(**values | changes)


def found(bill: Subject, **changes: Any) -> list[tuple[str, str]]:
    return [(f.code, f.severity) for f in review.review(bill, rules(**changes))]


def test_an_ordinary_bill_has_no_finding() -> None:
    assert found(subject()) == []


Case = (
    tuple[dict[str, Any], dict[str, Any], tuple[str, str]]
    | tuple[dict[str, Any], dict[str, Any], tuple[str, str], dict[str, Any]]
)
CASES: list[Case] = [
    (
        {"energy_wh": 1_000_000, "previous_wh": 900_000},
        {"energy_wh": 1_000_001, "previous_wh": 900_000},
        ("billing.implausible_home", "hold"),
    ),
    (
        {"energy_wh": 2_000_000, "previous_wh": 1_900_000, "months": 2},
        {"energy_wh": 2_000_001, "previous_wh": 1_900_000, "months": 2},
        ("billing.implausible_home", "hold"),
    ),
    ({"energy_wh": 259_999}, {"energy_wh": 260_000}, ("billing.sudden_rise", "warn")),
    ({"energy_wh": 140_001}, {"energy_wh": 140_000}, ("billing.sudden_fall", "warn")),
    ({"total_fen": 200_000}, {"total_fen": 200_001}, ("billing.abnormal_amount", "hold")),
    ({"energy_wh": 1, "previous_wh": 1}, {"energy_wh": 0, "previous_wh": 0}, ("billing.zero_usage", "warn")),
    (
        {"energy_wh": 1, "previous_wh": 1},
        {"energy_wh": -1, "previous_wh": None},
        ("billing.negative_usage", "hold"),
    ),
    ({"total_fen": 1}, {"total_fen": 0}, ("billing.usage_without_amount", "hold")),
    ({"unpriced_wh": 2_000}, {"unpriced_wh": 2_001}, ("billing.energy_unpriced", "hold")),
    (
        {"energy_wh": 1, "previous_wh": 1, "unpriced_wh": 1_000},
        {"energy_wh": 1, "previous_wh": 1, "unpriced_wh": 1_001},
        ("billing.energy_unpriced", "hold"),
    ),
    ({}, {"estimated": True, "estimates_in_a_row": 6}, ("billing.estimated_usage", "info")),
    ({}, {"estimated": True, "estimates_in_a_row": 7}, ("billing.estimated_usage", "hold")),
    ({}, {"settles_estimate": True}, ("billing.settles_estimate", "info")),
    ({"last_year_wh": 133_334}, {"last_year_wh": 133_333}, ("billing.yearly_rise", "warn")),
    (
        {"energy_wh": 0, "previous_wh": 0, "zeros_in_a_row": 2, "zeros_before": 1},
        {"energy_wh": 0, "previous_wh": 0, "zeros_in_a_row": 3, "zeros_before": 2},
        ("billing.zeros_in_a_row", "hold"),
        {"zero_usage": "off"},
    ),
    ({"last_year_wh": 399_999}, {"last_year_wh": 400_000}, ("billing.yearly_fall", "warn")),
    (
        {"basic_fen": 1, "power_factor": 71, "factor_permille": 99, "reactive_wh": 1},
        {"basic_fen": 1, "power_factor": 70, "factor_permille": 100, "reactive_wh": 1},
        ("billing.power_factor", "warn"),
    ),
    (
        {"power_factor": 86, "previous_power_factor": 95},
        {"power_factor": 85, "previous_power_factor": 95},
        ("billing.power_factor", "warn"),
    ),
    ({"basic_fen": 5, "reactive_wh": 1}, {"basic_fen": 5, "reactive_wh": 0}, ("billing.reactive_missing", "warn")),
    (
        {"energy_wh": 2_000_000, "previous_wh": 2_000_000, "losses_wh": 200_000, "customer_class": "commercial"},
        {"energy_wh": 2_000_000, "previous_wh": 2_000_000, "losses_wh": 200_001, "customer_class": "commercial"},
        ("billing.losses", "warn"),
    ),
    ({"losses_wh": 100_000}, {"losses_wh": 100_001}, ("billing.losses", "warn")),
    (
        {"basic_fen": 1100, "basic_expected_fen": 1000, "reactive_wh": 1},
        {"basic_fen": 1101, "basic_expected_fen": 1000, "reactive_wh": 1},
        ("billing.basic_charge", "hold"),
    ),
    ({"basic_fen": 0}, {"basic_fen": 0, "basic_expected_fen": 1000}, ("billing.basic_charge", "hold")),
    (
        {"previous_wh": None, "began": date(2025, 12, 31)},
        {"previous_wh": None, "began": date(2026, 1, 1)},
        ("billing.first_bill", "warn"),
        {"first_bill": {"severity": "warn", "since": "2026-01-01"}},
    ),
    (
        {"previous_wh": None, "began": date(2026, 1, 1)},
        {"previous_wh": None, "began": date(2026, 1, 1), "books_were_open": True},
        ("billing.first_bill", "hold"),
    ),
    (
        {
            "beside": Beside(200_000, 30, {"residential/3-10": Peers(10, 1200, 100)}),
            "energy_wh": 343_000,
            "previous_wh": 343_000,
        },
        {
            "beside": Beside(200_000, 30, {"residential/3-10": Peers(10, 1200, 100)}),
            "energy_wh": 343_800,
            "previous_wh": 343_800,
        },
        ("billing.unlike_neighbours", "warn"),
    ),
    (
        {
            "beside": Beside(40_000, 30, {"residential/0-3": Peers(10, 1000, 10)}),
            "energy_wh": 89_999,
            "previous_wh": 89_999,
        },
        {
            "beside": Beside(40_000, 30, {"residential/0-3": Peers(10, 1000, 10)}),
            "energy_wh": 90_000,
            "previous_wh": 90_000,
        },
        ("billing.unlike_neighbours", "warn"),
    ),
    (
        {"run_changed": ("price",), "lot": 2**65 // 1000 + 1},
        {"run_changed": ("price",), "lot": 2**65 // 1000},
        ("billing.drawn_sample", "hold"),
    ),
    ({"changed": ("household",)}, {"changed": ("household", "class")}, ("billing.changed_supply", "hold")),
    ({"changed": ("household",)}, {"changed_within": ("household",)}, ("billing.account_changed_in_period", "info")),
    ({}, {"version": 2, "edited": "misread"}, ("billing.corrected", "info")),
    ({}, {"corrects": True}, ("billing.corrected", "info")),
    ({"cycle_days": 30}, {"cycle_days": 31}, ("billing.part_of_cycle", "info")),
    ({"days": 31, "cycle_days": 31}, {"days": 32, "cycle_days": 32}, ("billing.unusual_cycle", "info")),
    (
        {"days": 28, "cycle_days": 28},
        {"days": 27, "cycle_days": 27, "previous_wh": 180_000},
        ("billing.unusual_cycle", "info"),
    ),
    ({"sub_meters": {}}, {"sub_meters": {"SP2": 1}}, ("billing.sub_meters", "info")),
    (
        {"sub_meters": {"SP2": 150_000, "SP3": 50_000}},
        {"sub_meters": {"SP2": 150_000, "SP3": 50_001}},
        ("billing.sub_meters_exceed_main", "hold"),
        {"sub_meters": "off"},
    ),
]
"""A bill just under the limit, one at it, what is found; and the sections of the policy that are not as shipped."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[2][0])
def test_a_rule_fires_at_its_limit_and_not_before(case: Case) -> None:
    under, at, finding, *policies = case
    changes = policies[0] if policies else {}
    assert found(subject(**under), **changes) == []
    assert found(subject(**at), **changes) == [finding]


def test_each_rule_of_the_catalogue_has_such_a_case() -> None:
    assert {case[2][0] for case in CASES} == {rule.code for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_that_is_off_finds_nothing_and_its_limits_need_not_be_there(rule: AnyRule) -> None:
    _, at, finding, *policies = next(case for case in CASES if case[2][0] == rule.code)
    changes = (policies[0] if policies else {}) | {rule.section: "off"}
    assert finding[0] not in [code for code, _ in found(subject(**at), **changes)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_its_source_and_its_title_in_both_languages(rule: AnyRule) -> None:
    assert rule.source
    assert all([rule.title.zh, rule.title.en])
    assert rule.code.startswith("billing.")


@pytest.mark.parametrize(
    ("energy_wh", "previous_wh", "severity"),
    [
        (299_999, 200_000, "warn"),
        (300_000, 200_000, "hold"),
        (100_001, 200_000, "warn"),
        (100_000, 200_000, "hold"),
        (99_999, 50_000, "warn"),  # doubled, but by less than 50 kWh
        (100_000, 50_000, "hold"),
        (50_000, 0, "hold"),
        (49_999, 0, "warn"),
    ],
)
def test_a_change_holds_from_half_and_50_kwh_on(energy_wh: int, previous_wh: int, severity: str) -> None:
    (finding,) = review.review(subject(energy_wh=energy_wh, previous_wh=previous_wh), rules())
    assert finding.severity == severity


def test_a_longer_period_is_compared_by_the_day() -> None:
    assert found(subject(energy_wh=206_666, days=31, previous_wh=200_000, previous_days=30)) == []
    assert found(subject(energy_wh=400_000, days=60)) == []


def test_a_shop_may_use_what_a_home_may_not() -> None:
    assert found(subject(customer_class="commercial", energy_wh=5_000_000, previous_wh=5_000_000)) == []


def test_an_account_that_was_taken_over_has_no_new_supply() -> None:
    assert found(subject(previous_wh=None)) == []
    assert found(subject(previous_wh=None, began=date(2026, 1, 1)), first_bill="off") == []


def test_nothing_used_where_all_equipment_is_suspended_is_as_it_should_be() -> None:
    assert found(subject(energy_wh=0, previous_wh=0)) == [("billing.zero_usage", "warn")]
    assert found(subject(energy_wh=0, previous_wh=0, suspended=True)) == []


def test_cycles_at_zero_are_found_once_and_where_nothing_explains_them() -> None:
    zero = {"energy_wh": 0, "previous_wh": 0, "zeros_in_a_row": 4, "zeros_before": 2}
    rule = ("billing.zeros_in_a_row", "hold")
    assert rule in found(subject(**zero)), "one usage of two cycles goes over the limit too"
    for explained in ({"zeros_before": 3}, {"suspended": True}, {"customer_class": "seasonal"}):
        assert rule not in found(subject(**zero | explained))


def test_a_power_factor_says_what_it_was_before_where_that_is_known() -> None:
    (first,) = review.review(subject(power_factor=60, factor_permille=250), rules())
    assert first.values == {"now": 60, "rate_permille": 250}
    (changed,) = review.review(subject(power_factor=60, previous_power_factor=98), rules())
    assert changed.values == {"now": 60, "before": 98, "rate_permille": 0}


def test_findings_of_reads_are_carried_along_at_the_policys_severity() -> None:
    severities = {"reading.high": "hold", "reading.note": "off", "*": "warn"}
    assert review.carried("", "reading.high", severities) == findings.Finding("reading.high", "hold")
    assert review.carried("", "reading.note", severities) is None
    assert review.carried("rating", "period_sum_differs", severities) == findings.Finding(
        "rating.period_sum_differs", "warn"
    )
