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
from services.billing.review.domain.subject import Subject
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
    ({}, {"previous_wh": None}, ("billing.first_bill", "hold"), {"first_bill": "hold"}),
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


def test_the_first_bill_is_found_where_the_policy_asks_for_it() -> None:
    first = subject(previous_wh=None)
    assert found(first) == []
    assert found(first, first_bill="hold") == [("billing.first_bill", "hold")]
    assert found(subject(), first_bill="hold") == []


def test_findings_of_reads_are_carried_along_at_the_policys_severity() -> None:
    severities = {"reading.high": "hold", "reading.note": "off", "*": "warn"}
    assert review.carried("", "reading.high", severities) == findings.Finding("reading.high", "hold")
    assert review.carried("", "reading.note", severities) is None
    assert review.carried("rating", "period_sum_differs", severities) == findings.Finding(
        "rating.period_sum_differs", "warn"
    )
