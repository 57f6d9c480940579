"""Whatever of an account can change what is billed is known to change it: what is added to it takes its side here."""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from services.billing.bills.domain.billed_days import billed_since
from services.billing.contracts.domain import AccountTerms, Assignment, Contract, Payment, SubMeter
from services.billing.rating.rating_types import Equipment
from tests.kits.billing import account

SINCE, LATER = date(2020, 1, 1), date(2026, 1, 10)
TERMS: dict[str, Any] = {
    "customer_class": "low_income",
    "people": 5,
    "households": 2,
    "option": "demand",
    "capacity_va": 400_000,
    "contract_demand_w": 300_000,
    "equipment": (Equipment("T1", 400_000, "in_use"),),
    "values": (("standard", "0.9"),),
    "exempt": ("levies",),
}
CONTRACT: dict[str, Any] = {
    "from_": LATER,
    "to": LATER,
    "assignments": (Assignment(SINCE, "CN-ZJ/residential"), Assignment(LATER, "CN-ZJ/single")),
    "opening": None,
    "cycle_months": 2,
    "annulled": True,
    "curve_minutes": 15,
    "sub_meters": (SubMeter("SP9", "rest", LATER),),
}
NO_BILL: dict[str, Any] = {"reason": "told late", "payment_modes": (Payment(SINCE, "prepaid"),)}
NAMES = {"contract_no", "service_point_no"}


@pytest.mark.parametrize("name", sorted({each.name for each in fields(AccountTerms)} - {"from_"}))
def test_terms_change_the_bills_from_their_first_day_on(name: str) -> None:
    old = account(1)
    later = replace(old.facts[0], from_=LATER, **{name: TERMS[name]})
    assert billed_since(old, replace(old, facts=(*old.facts, later))) == {"C1": LATER}


@pytest.mark.parametrize("name", sorted({each.name for each in fields(Contract)} - NAMES))
def test_a_contract_changes_its_bills_by_all_but_its_reason_and_how_it_is_paid(name: str) -> None:
    old = account(1)
    (contract,) = old.contracts
    changed = replace(contract, **{name: (CONTRACT | NO_BILL)[name]})
    since = billed_since(old, replace(old, contracts=(changed,)))
    assert since == ({} if name in NO_BILL else {"C1": LATER if name in ("to", "assignments", "sub_meters") else SINCE})
