"""Statement of an account, trial balance, and the invariants of the books: queries over what is posted, nothing stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, and_, case, func, select, tuple_

from services.collection.adapters import tables
from services.collection.domain.policy import Policy
from shared.db.engine import View

TRANSACTION, ENTRY = tables.TRANSACTION, tables.ENTRY
Key = tuple[date, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One transaction as the customer sees it: what it changed, and what is owed after it (below zero: prepaid)."""

    transaction_id: str
    document_kind: str
    document_id: str
    kind: str
    business_date: date
    accounting_date: date
    receivable_fen: int
    prepayment_fen: int
    balance_fen: int


@dataclass(frozen=True, slots=True)
class Statement:
    opening_fen: int
    closing_fen: int
    lines: Sequence[Line]


async def statement(
    view: View, policy: Policy, account_no: str, *, start: date, end: date, after: Key | None, limit: int
) -> Statement:
    """Return the statement (对账单) of an account over accounting dates [start, end), lines after the key `after`.

    A balance is what the customer owes less what is prepaid, in fen; opening + all lines of the span = closing.
    """
    lines = _customer_lines(policy, account_no)
    total = func.coalesce(func.sum(lines.c.receivable_fen + lines.c.prepayment_fen), 0)
    day, key = lines.c.accounting_date, tuple_(lines.c.accounting_date, lines.c.transaction_id)
    in_span = and_(day >= start, day < end)
    before_page = day < start if after is None else (day < start) | and_(in_span, key <= after)
    sums = await view.first(
        select(
            func.coalesce(func.sum(_if(day < start, lines)), 0).label("opening_fen"),
            func.coalesce(func.sum(_if(before_page, lines)), 0).label("page_fen"),
            total.label("closing_fen"),
        ).where(day < end)
    )
    assert sums is not None
    rows = await view.all(
        select(lines)
        .where(in_span, *(() if after is None else (key > after,)))
        .order_by(lines.c.accounting_date, lines.c.transaction_id)
        .limit(limit)
    )
    return Statement(int(sums.opening_fen), int(sums.closing_fen), _with_balances(rows, int(sums.page_fen)))


def _if(condition: ColumnElement[bool], lines: Subquery) -> ColumnElement[int]:
    return case((condition, lines.c.receivable_fen + lines.c.prepayment_fen), else_=0)


def _with_balances(rows: Sequence[Row[Any]], balance_fen: int) -> list[Line]:
    found = []
    for row in rows:
        receivable_fen, prepayment_fen = int(row.receivable_fen), int(row.prepayment_fen)
        balance_fen += receivable_fen + prepayment_fen
        found.append(
            Line(
                row.transaction_id,
                row.document_kind,
                row.document_id,
                row.kind,
                row.business_date,
                row.accounting_date,
                receivable_fen,
                prepayment_fen,
                balance_fen,
            )
        )
    return found


def _customer_lines(policy: Policy, account_no: str) -> Subquery:
    """Each transaction of an account with the sum of its receivable and of its prepayment entries."""
    names = ("transaction_id", "document_kind", "document_id", "kind", "business_date", "accounting_date")
    columns = [TRANSACTION.c[name] for name in names]
    return (
        select(
            *columns,
            _sum_of(policy.codes("receivable")).label("receivable_fen"),
            _sum_of(policy.codes("prepayment")).label("prepayment_fen"),
        )
        .select_from(TRANSACTION.join(ENTRY, ENTRY.c.transaction_id == TRANSACTION.c.transaction_id))
        .where(TRANSACTION.c.account_no == account_no)
        .group_by(*columns)
        .subquery()
    )


def _sum_of(codes: Sequence[str]) -> ColumnElement[int]:
    return func.sum(case((ENTRY.c.ledger_account.in_(codes), ENTRY.c.amount_fen), else_=0))


async def trial_balance(view: View, as_of: date) -> list[tuple[str, int, int]]:
    """Return (ledger account, debits, credits) in fen of everything that counts up to and with a day (试算平衡)."""
    debit = func.sum(case((ENTRY.c.amount_fen > 0, ENTRY.c.amount_fen), else_=0))
    credit = func.sum(case((ENTRY.c.amount_fen < 0, -ENTRY.c.amount_fen), else_=0))
    rows = await view.all(
        select(ENTRY.c.ledger_account, debit.label("debit_fen"), credit.label("credit_fen"))
        .join(TRANSACTION, TRANSACTION.c.transaction_id == ENTRY.c.transaction_id)
        .where(TRANSACTION.c.accounting_date <= as_of)
        .group_by(ENTRY.c.ledger_account)
        .order_by(ENTRY.c.ledger_account)
    )
    return [(row.ledger_account, int(row.debit_fen), int(row.credit_fen)) for row in rows]


async def invariants(view: View, policy: Policy) -> dict[str, tuple[int, int]]:
    """Return each invariant of the books by name with its two numbers, which must be equal."""
    by_code = {
        row.ledger_account: int(row.fen)
        for row in await view.all(
            select(ENTRY.c.ledger_account, func.sum(ENTRY.c.amount_fen).label("fen")).group_by(ENTRY.c.ledger_account)
        )
    }

    def ledger(codes: Sequence[str]) -> int:
        return sum(by_code.get(code, 0) for code in codes)

    async def total(column: Any, *where: Any) -> int:
        return int(await view.scalar(select(func.coalesce(func.sum(column), 0)).where(*where)))

    payment, receivable, credit = tables.PAYMENT, tables.RECEIVABLE, tables.CREDIT
    outstanding_fen = await total(receivable.c.outstanding_fen)
    unallocated_fen = await total(credit.c.unallocated_fen)
    settled_fen = await total(
        receivable.c.amount_fen - receivable.c.outstanding_fen,
        receivable.c.status != "reversed",
        receivable.c.amount_fen > 0,
    )
    return {
        "the ledger sums to zero": (sum(by_code.values()), 0),
        "receivable ledger = outstanding receivables": (ledger(policy.codes("receivable")), outstanding_fen),
        "prepayment ledger = unallocated credits": (-ledger(policy.codes("prepayment")), unallocated_fen),
        "prepaid balances = unallocated credits": (await total(tables.ACCOUNT.c.prepaid_fen), unallocated_fen),
        "cash ledger = payments kept": (
            ledger(policy.cash_codes()),
            await total(payment.c.amount_fen, payment.c.status.in_(("posted", "suspense"))),
        ),
        "suspense ledger = payments in suspense": (
            -ledger(policy.codes("suspense")),
            await total(payment.c.amount_fen, payment.c.status == "suspense"),
        ),
        "allocations = settled receivables": (await total(tables.ALLOCATION.c.amount_fen), settled_fen),
        "transactions' debits = debit entries": (
            await total(TRANSACTION.c.debit_fen),
            await total(ENTRY.c.amount_fen, ENTRY.c.amount_fen > 0),
        ),
    }
