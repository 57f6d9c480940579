"""The rules of late fees as a policy document, and the published cases by them: many at once and one by one."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from services.collection import main
from services.collection.late_fees import domain
from services.collection.late_fees.domain import LateDebt, Rulebook
from services.collection.settings import SHIPPED_POLICY
from shared.document import DocumentError, Node
from shared.regulation import bulk

SHIPPED = json.loads(SHIPPED_POLICY.read_text("utf-8"))


def rulebook(**changes: Any) -> Rulebook:
    version = SHIPPED["versions"][0]
    rules = version["late_fee"] | changes
    return read(SHIPPED | {"versions": [version | {"late_fee": rules}]})


def read(document: dict[str, Any]) -> Rulebook:
    return Node.read(document, lambda root: domain.read(root, also=main.also(domain)))


def debt(fen: int, due_on: date, paid_on: date, *, of: str = "commercial", **more: Any) -> LateDebt:
    return LateDebt(
        receivable_id=f"r{due_on}",
        account_no="A1",
        customer_class=of,
        due_on=due_on,
        settled_on=paid_on,
        parts=[(paid_on, fen)],
        **more,
    )


@pytest.mark.parametrize(
    ("reading", "total"), [("split_at_1_january", 19_000), ("past_year_rate_for_all_days", 22_200)]
)
def test_the_published_case_across_new_year_to_the_fen_in_both_readings(reading: str, total: int) -> None:
    """2,000 yuan due on 15 December and 3,000 due on 15 January, paid on 18 January: published as 190, and as 222."""
    figures = SHIPPED["versions"][0]["late_fee"]["figures"] | {"across_new_year": reading}
    rules = rulebook(figures=figures, from_due_on="2025-12-01")
    paid = date(2026, 1, 18)
    (fee,) = domain.fees(rules, [debt(200_000, date(2025, 12, 15), paid), debt(300_000, date(2026, 1, 15), paid)])
    assert fee.amount_fen == total
    assert [(line.days_before, line.days_after) for line in fee.lines] == [(16, 18), (3, 0)]


def test_a_fee_whose_columns_could_overflow_is_the_one_that_is_calculated_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules, due_on = rulebook(), date(2026, 2, 20)
    held = [(date(2026, 3, 1), date(2026, 3, 4))]
    debts = [debt(123_457, due_on, due_on + timedelta(days=days), held=held) for days in (1, 9, 11, 400)]
    found = domain.fees(rules, debts)
    columns = bulk.late_fees

    def all_apart(*given: Any) -> bulk.Amounts:
        made = columns(*given)
        return bulk.Amounts(made.num, made.den, made.fen * 0, np.ones_like(made.apart))

    monkeypatch.setattr(bulk, "late_fees", all_apart)
    assert domain.fees(rules, debts) == found
    assert len(found) == 4


def test_the_rule_of_a_debt_is_that_of_its_first_late_day() -> None:
    first = SHIPPED["versions"][0]
    dearer = first["late_fee"]["figures"] | {"resident": "0.002"}
    versions = [
        first | {"effective": {"from": "2000-01-01", "to": "2026-03-01"}},
        first
        | {
            "version": "2",
            "effective": {"from": "2026-03-01", "to": None},
            "late_fee": first["late_fee"] | {"figures": dearer},
        },
    ]
    rules = read(SHIPPED | {"versions": versions})
    paid = date(2026, 3, 10)
    given = [debt(100_000, date(2026, 2, day), paid, of="residential") for day in (27, 28)]
    found = domain.fees(rules, given)
    assert [(fee.rule, fee.amount_fen) for fee in found] == [
        ("1/CN/supply-rules 2024, residents", 1_100),
        ("2/CN/supply-rules 2024, residents", 2_000),
    ]


def test_what_was_settled_on_one_day_as_a_home_and_as_a_shop_has_a_fee_each() -> None:
    paid = date(2026, 3, 10)
    shop, home = debt(100_000, date(2026, 2, 27), paid), debt(100_000, date(2026, 2, 28), paid, of="residential")
    assert [(fee.rule.split(", ")[1], fee.amount_fen) for fee in domain.fees(rulebook(), [shop, home])] == [
        ("others", 2_200),
        ("residents", 1_000),
    ]


def test_what_was_due_before_the_utility_charges_and_what_no_rule_knows_bears_none() -> None:
    paid = date(2026, 3, 10)
    assert domain.fees(rulebook(), [debt(100_000, date(2025, 12, 31), paid)]) == []
    version = {name: value for name, value in SHIPPED["versions"][0].items() if name != "late_fee"}
    without = read(SHIPPED | {"versions": [version]})
    assert domain.fees(without, [debt(100_000, date(2026, 2, 1), paid)]) == []
    assert (domain.kinds(without), domain.due_from(without)) == ([], date.max)


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"figures": {"minimum": "1.00"}}, "figures", "value_wrong"),
        ({"figures": {"resident": "a lot"}}, "figures", "value_wrong"),
        ({"policy": "CN/no-such"}, "policy", "name_unknown"),
        ({"of": ["bill", "late_fee"]}, "of", "name_unknown"),
        ({"due_days": -1}, "due_days", "value_wrong"),
        ({"rate": "0.001"}, "rate", "field_unknown"),
        ({"from_due_on": None}, "from_due_on", "value_wrong"),
    ],
)
def test_rules_that_say_less_or_other_than_they_must_are_refused(
    changes: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        rulebook(**changes)
    assert (f"/versions/0/late_fee/{pointer}", code) in {(each.pointer, each.code) for each in caught.value.faults}
