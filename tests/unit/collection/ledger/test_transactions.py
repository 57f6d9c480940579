"""Entries and months, the pure rules."""

from datetime import date

import pytest

from services.collection.ledger.domain import months, transactions
from services.collection.ledger.domain.transactions import Entry
from tests.kits.collection import POLICY

VERSION = POLICY.at(date(2026, 1, 1))


def entry(ledger_account: str, amount_fen: int, component: str = "") -> Entry:
    return Entry(ledger_account=ledger_account, amount_fen=amount_fen, component=component)


def post(entries: list[Entry]) -> transactions.Transaction:
    day = date(2026, 1, 1)
    return transactions.Transaction(
        document_kind="bill",
        document_id="B1",
        kind=transactions.ISSUE,
        account_no="A1",
        org_unit="zj",
        business_date=day,
        accounting_date=day,
        entries=entries,
    )


def test_a_transaction_that_does_not_sum_to_zero_is_a_bug() -> None:
    assert post([entry("1122", 5), entry("6001.01", -5)]).kind == "issue"
    with pytest.raises(transactions.Unbalanced):
        post([entry("1122", 5), entry("6001.01", -4)])


def test_a_debt_below_zero_is_a_credit_to_prepayment() -> None:
    entries, findings = transactions.debt_entries([("energy", -50)], -50, VERSION)
    assert entries == [entry("2203", -50), entry("6001.01", 50, "energy")]
    assert findings == []


def test_a_debt_of_zero_has_no_entries() -> None:
    assert transactions.debt_entries([("energy", 0)], 0, VERSION) == ([], [])


def test_netting_joins_an_account_and_drops_what_cancels_out() -> None:
    entries = [entry("1001", 10), entry("2203", -10), entry("2203", 10), entry("1122", -10)]
    assert transactions.netted(entries) == [entry("1001", 10), entry("1122", -10)]


def test_the_month_after_december_is_january() -> None:
    assert months.first_day_after("2026-12") == date(2027, 1, 1)
    assert months.first_day_after("2026-01") == date(2026, 2, 1)


def test_a_fact_of_a_closed_month_counts_on_the_first_open_day() -> None:
    opened = date(2026, 3, 1)
    assert months.accounting_date(date(2026, 2, 28), opened) == opened
    assert months.accounting_date(date(2026, 3, 2), opened) == date(2026, 3, 2)
    assert months.accounting_date(date(2026, 2, 28), None) == date(2026, 2, 28)
