"""What is not decided yet of the money of an account that a closing ends: it is paid out, or owed, once all of it is."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.adjustments import store as adjustments
from services.billing.bills.domain.policy import BILLED_DAYS, CHARGE_WITHDRAWAL
from services.billing.bills.store import of_contracts
from services.billing.cases.store import cases, charges
from services.billing.closings.domain import life
from services.billing.closings.domain.closing import Closing
from services.billing.contracts.store import contracts as contracts_store
from shared.db import approvals
from shared.db.engine import Tx


async def of(tx: Tx, closings: Sequence[Closing]) -> dict[str, dict[str, str]]:
    """Return by closing whose contract has ended what is open about the money of its account, by code, in words.

    A case is of the account that was supplied last at its point by the day of its first signal: also one that is seen as the
    meter is taken down. What is of a contract from the day of the last bill on is of a new supply. The accounts are locked.
    """
    wanted = [each for each in closings if each.state == life.ENDED or (each.billed_on and each.ends_account)]
    if not wanted:
        return {}
    accounts = sorted({each.account_no for each in wanted})
    mine = [row for row in await contracts_store.contracts_of(tx, accounts) if not row.annulled]
    points = sorted({row.service_point_no for row in mine})
    there = await contracts_store.contracts_at(tx, points, [])
    seen = await cases.open_at(tx, points)
    tests = await adjustments.undecided_at(tx, points)
    bills = await of_contracts.not_out(tx, [row.contract_no for row in mine])
    asked = await _asked(tx, accounts)
    found = {}
    for each in wanted:
        own = {row.contract_no: row for row in mine if _is_before_the_end(each, row)}
        case_nos = [f"{case.kind} {case.case_no}" for case in seen if _last_at(there, case) in own]
        proposed = [
            f"{bill.period_from} to {bill.period_to}: {bill.status}" for bill in bills if bill.contract_no in own
        ]
        tested = [test.dispute_no for test in tests if any(_is_of(test, row) for row in own.values())]
        words = {
            life.BILL_NOT_OUT: proposed,
            life.ADJUSTMENT_WAITS: tested,
            life.CASE_OPEN: case_nos,
            life.APPROVAL_WAITS: asked.get(each.account_no, ()) if each.billed_on is None else (),
        }
        found[each.closing_no] = {code: ", ".join(said) for code, said in words.items() if said}
    return found


async def _asked(tx: Tx, accounts: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return by account what a second person is asked for that changes its money, and that is in no other list."""
    found: dict[str, list[str]] = {}
    for account_no in await approvals.waiting_by_subject(tx, BILLED_DAYS, accounts):
        found.setdefault(account_no, []).append(BILLED_DAYS)
    of_charge = await charges.standing_of(tx, accounts)
    for charge_no in await approvals.waiting_by_subject(tx, CHARGE_WITHDRAWAL, sorted(of_charge)):
        found.setdefault(of_charge[charge_no], []).append(f"{CHARGE_WITHDRAWAL} {charge_no}")
    return found


def _is_before_the_end(closing: Closing, contract: Row[Any]) -> bool:
    day: date = contract.from_date
    return contract.account_no == closing.account_no and (closing.billed_on is None or day < closing.billed_on)


def _last_at(contracts: Sequence[Row[Any]], case: Row[Any]) -> str | None:
    """Return the contract that supplies the point of a case on the day of its first signal, or did so last before."""
    by_then = [
        row
        for row in contracts
        if row.service_point_no == case.service_point_no and not row.annulled and row.from_date <= case.first_signal_on
    ]
    return max(by_then, key=lambda row: (row.from_date, row.contract_no)).contract_no if by_then else None


def _is_of(test: Row[Any], contract: Row[Any]) -> bool:
    """Return whether the span of a tested meter has a day of a contract."""
    if test.service_point_no != contract.service_point_no:
        return False
    return test.to > contract.from_date and (contract.to_date is None or test._mapping["from"] < contract.to_date)
