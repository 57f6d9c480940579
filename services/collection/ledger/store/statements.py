"""Statement of an account, trial balance, and what a document did: queries over what is posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, and_, case, func, select, tuple_

from services.collection.ledger import tables
from services.collection.ledger.domain.policy import Policy
from shared.db.engine import View

TRANSACTION, ENTRY = tables.TRANSACTION, tables.ENTRY
TRACED_MAX = 1000  # entries of one document: some dozens
Key = tuple[date, str]


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    opening_fen: int
    closing_fen: int
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """Debits and credits of one ledger account, both above zero."""

    ledger_account: str
    debit_fen: int
    credit_fen: int


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
    return Statement(
        opening_fen=int(sums.opening_fen),
        closing_fen=int(sums.closing_fen),
        lines=_with_balances(rows, int(sums.page_fen)),
    )


def _if(condition: ColumnElement[bool], lines: Subquery) -> ColumnElement[int]:
    return case((condition, lines.c.receivable_fen + lines.c.prepayment_fen), else_=0)


def _with_balances(rows: Sequence[Row[Any]], balance_fen: int) -> list[Line]:
    found = []
    for row in rows:
        receivable_fen, prepayment_fen = int(row.receivable_fen), int(row.prepayment_fen)
        balance_fen += receivable_fen + prepayment_fen
        found.append(
            Line(
                transaction_id=row.transaction_id,
                document_kind=row.document_kind,
                document_id=row.document_id,
                kind=row.kind,
                business_date=row.business_date,
                accounting_date=row.accounting_date,
                receivable_fen=receivable_fen,
                prepayment_fen=prepayment_fen,
                balance_fen=balance_fen,
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


async def trial_balance(view: View, as_of: date) -> list[Balance]:
    """Return the balances of the ledger accounts from the subtotals up to and with a day (试算平衡)."""
    s = tables.LEDGER_SUBTOTAL.c
    rows = await view.all(
        select(s.ledger_account, func.sum(s.debit_fen).label("debit_fen"), func.sum(s.credit_fen).label("credit_fen"))
        .where(s.accounting_date <= as_of)
        .group_by(s.ledger_account)
        .order_by(s.ledger_account)
    )
    return _balances(rows)


async def trial_balance_of_entries(view: View, as_of: date) -> list[Balance]:
    """Return the same from the entries themselves: what is decided, and not only shown, rests on these."""
    debit = func.sum(case((ENTRY.c.amount_fen > 0, ENTRY.c.amount_fen), else_=0))
    credit = func.sum(case((ENTRY.c.amount_fen < 0, -ENTRY.c.amount_fen), else_=0))
    rows = await view.all(
        select(ENTRY.c.ledger_account, debit.label("debit_fen"), credit.label("credit_fen"))
        .join(TRANSACTION, TRANSACTION.c.transaction_id == ENTRY.c.transaction_id)
        .where(TRANSACTION.c.accounting_date <= as_of)
        .group_by(ENTRY.c.ledger_account)
        .order_by(ENTRY.c.ledger_account)
    )
    return _balances(rows)


def _balances(rows: Sequence[Row[Any]]) -> list[Balance]:
    return [
        Balance(ledger_account=row.ledger_account, debit_fen=int(row.debit_fen), credit_fen=int(row.credit_fen))
        for row in rows
    ]


async def transactions_of(view: View, document_id: str) -> list[dict[str, Any]]:
    """Return the ledger transactions of a document, or of the group that it made, with their entries."""
    ids = select(TRANSACTION.c.transaction_id).where(
        (TRANSACTION.c.document_id == document_id) | (TRANSACTION.c.group_id == document_id)
    )
    return await _with_entries(view, ids)


async def transaction(view: View, transaction_id: str) -> dict[str, Any] | None:
    """Return one ledger transaction with its entries."""
    ids = select(TRANSACTION.c.transaction_id).where(TRANSACTION.c.transaction_id == transaction_id)
    return next(iter(await _with_entries(view, ids)), None)


async def _with_entries(view: View, ids: Any) -> list[dict[str, Any]]:
    rows = await view.all(
        select(TRANSACTION, ENTRY.c.ledger_account, ENTRY.c.component, ENTRY.c.amount_fen)
        .select_from(TRANSACTION.outerjoin(ENTRY, ENTRY.c.transaction_id == TRANSACTION.c.transaction_id))
        .where(TRANSACTION.c.transaction_id.in_(ids))
        .order_by(TRANSACTION.c.accounting_date, TRANSACTION.c.transaction_id, ENTRY.c.line_no)
        .limit(TRACED_MAX)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        names = ("transaction_id", "document_kind", "document_id", "kind", "group_id", "account_no", "org_unit")
        one = found.setdefault(
            row.transaction_id,
            {name: getattr(row, name) for name in names}
            | {
                "business_date": row.business_date.isoformat(),
                "accounting_date": row.accounting_date.isoformat(),
                "entries": [],
            },
        )
        if row.ledger_account is not None:
            one["entries"].append(
                {"ledger_account": row.ledger_account, "component": row.component, "amount_fen": row.amount_fen}
            )
    return list(found.values())
