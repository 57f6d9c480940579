"""The invariants of the books in parts that each end within a statement's time, however many entries there are.

Months of entries, months of recovery, ranges of accounts, and the totals: each part is whole by itself, a row that is wrong is
in at least one of them, and they leave nothing out: the first and the last one of a kind have no end. What the totals take from
the subtotals was compared with the entries by the months.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, true

from services.collection.late_fees.domain import CHARGED
from services.collection.late_fees.tables import LATE_FEE
from services.collection.ledger.domain import documents
from services.collection.ledger.domain.documents import REVERSED
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import subtotals
from services.collection.ledger.tables import (
    ACCOUNT,
    ALLOCATION,
    CREDIT,
    ENTRY,
    LEDGER_SUBTOTAL,
    RECEIVABLE,
    RECOVERY_SUBTOTAL,
    TRANSACTION,
)
from services.collection.payments.domain import POSTED, SUSPENSE
from services.collection.payments.tables import PAYMENT
from shared.db.engine import View

ACCOUNTS_PER_PART: Final = 50_000
ENTRIES, RECOVERY, ACCOUNTS, TOTALS = "entries", "recovery", "accounts", "totals"
Pairs = dict[str, tuple[int, int]]


async def parts(view: View, accounts_per_part: int = ACCOUNTS_PER_PART) -> list[str]:
    """Return the parts: their kind, and from where to where, as `kind<TAB>first<TAB>end`."""
    days = await view.all(select(LEDGER_SUBTOTAL.c.accounting_date).distinct())
    firsts = sorted({row.accounting_date.replace(day=1).isoformat() for row in days})
    months = select(RECEIVABLE.c.month).where(RECEIVABLE.c.month.is_not(None)).union(select(RECOVERY_SUBTOTAL.c.month))
    recovered = sorted(row.month for row in await view.all(months))
    numbered = select(
        ACCOUNT.c.account_no, (func.row_number().over(order_by=ACCOUNT.c.account_no) - 1).label("place")
    ).subquery()
    every = numbered.c.place % accounts_per_part == 0
    starts = await view.all(select(numbered.c.account_no).where(every).order_by(numbered.c.account_no))
    return [
        *_between(ENTRIES, firsts),
        *(f"{RECOVERY}\t{month}\t" for month in recovered),
        *_between(ACCOUNTS, [row.account_no for row in starts]),
        f"{TOTALS}\t\t",
    ]


def _between(kind: str, starts: Sequence[str]) -> list[str]:
    inner = list(starts[1:])
    return [f"{kind}\t{first}\t{end}" for first, end in zip(["", *inner], [*inner, ""], strict=True)]


async def check(view: View, policy: Policy, part: str) -> Pairs:
    """Return the invariants of a part by name, each with its two numbers, which must be equal; the view is of one moment."""
    kind, first, end = part.split("\t")
    if kind == ENTRIES:
        return await _entries(view, first, end)
    if kind == RECOVERY:
        return {"recovery subtotals": (await subtotals.differing_recovery(view, first), 0)}
    return await (_accounts(view, policy, first, end) if kind == ACCOUNTS else _totals(view, policy))


async def _entries(view: View, first: str, end: str) -> Pairs:
    day = TRANSACTION.c.accounting_date
    start, stop = (date.fromisoformat(each) if each else None for each in (first, end))
    where = _within(day, start, stop)
    fen = ENTRY.c.amount_fen
    debits = await _total(view, TRANSACTION.c.debit_fen, where)
    of_them = select(
        func.coalesce(func.sum(fen), 0).label("net"), func.coalesce(func.sum(fen).filter(fen > 0), 0).label("debits")
    ).select_from(TRANSACTION.join(ENTRY, ENTRY.c.transaction_id == TRANSACTION.c.transaction_id))
    (row,) = await view.all(of_them.where(where))
    return {
        "the ledger sums to zero": (int(row.net), 0),
        "transactions' debits = debit entries": (debits, int(row.debits)),
        "ledger subtotals": (await subtotals.differing_sides(view, start, stop), 0),
    }


async def _accounts(view: View, policy: Policy, first: str, end: str) -> Pairs:
    within = {
        table: _within(table.c.account_no, first, end or None) for table in (ACCOUNT, ALLOCATION, CREDIT, LATE_FEE)
    }
    owed, r, moved = _within(RECEIVABLE.c.account_no, first, end or None), RECEIVABLE.c, TRANSACTION.c
    by_code = {
        row.ledger_account: int(row.fen)
        for row in await view.all(
            select(ENTRY.c.ledger_account, func.sum(ENTRY.c.amount_fen).label("fen"))
            .select_from(TRANSACTION.join(ENTRY, ENTRY.c.transaction_id == moved.transaction_id))
            .where(_within(moved.account_no, first, end or None))
            .group_by(ENTRY.c.ledger_account)
        )
    }
    unallocated_fen = await _total(view, CREDIT.c.unallocated_fen, within[CREDIT])
    settled = (r.status != REVERSED, r.amount_fen > 0)
    return {
        "receivable ledger = outstanding receivables": (
            _of(by_code, policy.codes("receivable")),
            await _total(view, r.outstanding_fen, owed),
        ),
        "prepayment ledger = unallocated credits": (-_of(by_code, policy.codes("prepayment")), unallocated_fen),
        "prepaid balances = unallocated credits": (
            await _total(view, ACCOUNT.c.prepaid_fen, within[ACCOUNT]),
            unallocated_fen,
        ),
        "allocations = settled receivables": (
            await _total(view, ALLOCATION.c.amount_fen, within[ALLOCATION]),
            await _total(view, r.amount_fen - r.outstanding_fen, owed, *settled),
        ),
        "late fees that stand = their receivables": (
            await _total(view, LATE_FEE.c.amount_fen, within[LATE_FEE], LATE_FEE.c.state == CHARGED),
            await _total(view, r.amount_fen, owed, r.document_kind == documents.LATE_FEE, r.status != REVERSED),
        ),
    }


async def _totals(view: View, policy: Policy) -> Pairs:
    """Return what is of no account alone: money in suspense was nobody's when it came."""
    s, p = LEDGER_SUBTOTAL.c, PAYMENT.c
    rows = await view.all(
        select(s.ledger_account, func.sum(s.debit_fen - s.credit_fen).label("fen")).group_by(s.ledger_account)
    )
    by_code = {row.ledger_account: int(row.fen) for row in rows}
    suspense_fen = await _total(view, p.amount_fen, p.status == SUSPENSE)
    return {
        "cash ledger = payments kept": (
            _of(by_code, policy.cash_codes()),
            await _total(view, p.amount_fen, p.status == POSTED) + suspense_fen,
        ),
        "suspense ledger = payments in suspense": (-_of(by_code, policy.codes("suspense")), suspense_fen),
    }


def _within(column: ColumnElement[Any], first: Any, end: Any) -> ColumnElement[bool]:
    """Return that a key lies in [first, end); none of the two is no end."""
    since = true() if not first else column >= first
    return since if end is None else since & (column < end)


def _of(by_code: dict[str, int], codes: Sequence[str]) -> int:
    return sum(by_code.get(code, 0) for code in codes)


async def _total(view: View, column: Any, *where: Any) -> int:
    return int(await view.scalar(select(func.coalesce(func.sum(column), 0)).where(*where)))
