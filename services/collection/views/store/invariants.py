"""The invariants of the books: pairs of numbers that must be equal. They are sums of what is posted, never of subtotals."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from services.collection.late_fees.domain import CHARGED
from services.collection.late_fees.tables import LATE_FEE
from services.collection.ledger.domain import documents
from services.collection.ledger.domain.documents import REVERSED
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import subtotals
from services.collection.ledger.tables import ACCOUNT, ALLOCATION, CREDIT, ENTRY, RECEIVABLE, TRANSACTION
from services.collection.payments.domain import POSTED, SUSPENSE
from services.collection.payments.tables import PAYMENT
from services.collection.prepaid.tables import PREPAID
from services.collection.supply import domain
from services.collection.supply.tables import CUT
from shared.db.engine import View


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

    outstanding_fen = await total(RECEIVABLE.c.outstanding_fen)
    unallocated_fen = await total(CREDIT.c.unallocated_fen)
    settled_fen = await total(
        RECEIVABLE.c.amount_fen - RECEIVABLE.c.outstanding_fen,
        RECEIVABLE.c.status != REVERSED,
        RECEIVABLE.c.amount_fen > 0,
    )
    differing = await subtotals.differing(view)
    return {
        "the ledger sums to zero": (sum(by_code.values()), 0),
        "receivable ledger = outstanding receivables": (ledger(policy.codes("receivable")), outstanding_fen),
        "prepayment ledger = unallocated credits": (-ledger(policy.codes("prepayment")), unallocated_fen),
        "prepaid balances = unallocated credits": (await total(ACCOUNT.c.prepaid_fen), unallocated_fen),
        "cash ledger = payments kept": (
            ledger(policy.cash_codes()),
            await total(PAYMENT.c.amount_fen, PAYMENT.c.status.in_((POSTED, SUSPENSE))),
        ),
        "suspense ledger = payments in suspense": (
            -ledger(policy.codes("suspense")),
            await total(PAYMENT.c.amount_fen, PAYMENT.c.status == SUSPENSE),
        ),
        "allocations = settled receivables": (await total(ALLOCATION.c.amount_fen), settled_fen),
        "late fees that stand = their receivables": (
            await total(LATE_FEE.c.amount_fen, LATE_FEE.c.state == CHARGED),
            await total(
                RECEIVABLE.c.amount_fen,
                RECEIVABLE.c.document_kind == documents.LATE_FEE,
                RECEIVABLE.c.status != REVERSED,
            ),
        ),
        "transactions' debits = debit entries": (
            await total(TRANSACTION.c.debit_fen),
            await total(ENTRY.c.amount_fen, ENTRY.c.amount_fen > 0),
        ),
        "cuts because nothing is left, of accounts on which there is enough": (await _undue(view), 0),
        "ledger subtotals that differ from the entries": (differing["ledger_subtotal"], 0),
        "recovery subtotals that differ from receivables and allocations": (differing["recovery_subtotal"], 0),
    }


async def _undue(view: View) -> int:
    """Count the cuts in force of prepaid accounts that are not on their way back though there is enough again."""
    free = PREPAID.c.overdrawn_on.is_(None)
    stands = CUT.c.state.in_(("proposed", "announced", "planned", "imminent", "ordered", "cut"))
    joined = CUT.join(PREPAID, PREPAID.c.account_no == CUT.c.account_no)
    counted = select(func.count()).select_from(joined).where(CUT.c.cause == domain.PREPAID, stands, free)
    return int(await view.scalar(counted) or 0)
