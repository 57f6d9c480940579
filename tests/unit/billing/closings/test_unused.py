"""What explains that nothing is used."""

from datetime import date

import orjson
import pytest

from services.billing.bills.domain import closing_rules, policy
from services.billing.closings.domain.unused import Supply, explained_by
from services.billing.settings import DEFAULT_POLICY

RULES = policy.load(orjson.loads(DEFAULT_POLICY.read_bytes())).on(date(2026, 7, 1)).closing


@pytest.mark.parametrize(
    ("customer_class", "states", "why"),
    [
        ("residential", (), ""),
        ("seasonal", (), "seasonal"),
        ("industrial", ("suspended", "suspended"), "suspended"),
        ("industrial", ("suspended", "running"), ""),
    ],
)
def test_suspended_equipment_and_seasonal_supply_explain_it(
    customer_class: str, states: tuple[str, ...], why: str
) -> None:
    supply = Supply(
        contract_no="C1",
        account_no="A1",
        service_point_no="SP1",
        org_unit="zj",
        from_=date(2020, 1, 1),
        customer_class=customer_class,
        states=states,
    )
    assert explained_by(supply, RULES) == why


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2026, 3, 31), -13, date(2025, 2, 28)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(day: date, months: int, after: date) -> None:
    assert closing_rules.months_after(day, months) == after
