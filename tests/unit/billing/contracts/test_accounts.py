"""Accounts that contradict themselves are refused with a code."""

from dataclasses import replace
from datetime import date

import pytest

from services.billing.contracts import domain as accounts
from services.billing.contracts.domain import Account, AccountTerms, AccountWrong, Assignment, Contract

DAY = date(2020, 1, 1)
CONTRACT = Contract(
    contract_no="C1",
    service_point_no="S1",
    from_=DAY,
    to=None,
    assignments=(Assignment(DAY, "T"),),
    opening=None,
    cycle_months=1,
)
ACCOUNT = Account(
    account_no="A1",
    org_unit="zj",
    opened_on=DAY,
    closed_on=None,
    facts=(AccountTerms(DAY, "residential", 3, 1),),
    contracts=(CONTRACT,),
)


def test_a_consistent_account_passes() -> None:
    accounts.check(ACCOUNT)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (replace(ACCOUNT, closed_on=date(2019, 1, 1)), "account.dates_reversed"),
        (replace(ACCOUNT, facts=()), "account.facts_gap"),
        (replace(ACCOUNT, facts=(replace(ACCOUNT.facts[0], from_=date(2020, 1, 2)),)), "account.facts_gap"),
        (replace(ACCOUNT, facts=ACCOUNT.facts * 2), "account.facts_order"),
        (replace(ACCOUNT, contracts=(CONTRACT, CONTRACT)), "account.contract_twice"),
        (replace(ACCOUNT, contracts=(replace(CONTRACT, to=DAY),)), "account.dates_reversed"),
        (replace(ACCOUNT, contracts=(replace(CONTRACT, from_=date(2019, 1, 1)),)), "account.contract_before_opening"),
        (replace(ACCOUNT, closed_on=date(2021, 1, 1)), "account.contract_after_closing"),
        (replace(ACCOUNT, contracts=(replace(CONTRACT, assignments=()),)), "account.tariffs_gap"),
        (replace(ACCOUNT, contracts=(CONTRACT, replace(CONTRACT, contract_no="C2"))), "account.contracts_overlap"),
    ],
)
def test_a_contradiction_is_refused(wrong: Account, code: str) -> None:
    with pytest.raises(AccountWrong) as refused:
        accounts.check(wrong)
    assert refused.value.code == code


def test_one_service_point_may_have_contracts_one_after_the_other() -> None:
    ended = replace(CONTRACT, to=date(2021, 1, 1))
    following = replace(CONTRACT, contract_no="C2", from_=date(2021, 1, 1))
    accounts.check(replace(ACCOUNT, contracts=(ended, following)))


def test_facts_and_tariffs_are_merged_into_spans() -> None:
    facts = (AccountTerms(DAY, "residential", 3, 1), AccountTerms(date(2021, 5, 1), "residential", 5, 1))
    assignments = (Assignment(DAY, "T1"), Assignment(date(2021, 3, 1), "T2"))
    spans = accounts.spans(facts, assignments)
    assert [(s.from_, s.to, s.people, s.tariff) for s in spans] == [
        (DAY, date(2021, 3, 1), 3, "T1"),
        (date(2021, 3, 1), date(2021, 5, 1), 3, "T2"),
        (date(2021, 5, 1), None, 5, "T2"),
    ]


def test_the_class_of_a_day_is_the_last_fact_before_it() -> None:
    facts = (AccountTerms(DAY, "residential", 3, 1), AccountTerms(date(2021, 1, 1), "commercial", 0, 1))
    days = (date(2019, 1, 1), date(2020, 12, 31), date(2021, 1, 1))
    assert [accounts.class_on(facts, day) for day in days] == ["residential", "residential", "commercial"]
