"""Facts of billing that collection acts on."""

from collections.abc import Mapping, Sequence

from services.collection.ledger.domain.documents import BILL, DIFFERENCE, Correction, Debt
from services.collection.ledger.domain.policy import Policy
from services.collection.receivables.use_cases import accounts, bills, corrections
from shared.bus.consumer import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, Bill, BillCorrected, BillIssued
from shared.events.fact import Fact


def handlers(policy: Policy) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type: accounts come before their bills, bills before their corrections."""

    async def account_changed(tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await accounts.copy(tx, policy=policy, facts=facts)

    async def bill_issued(tx: Tx, facts: Sequence[BillIssued]) -> None:
        await bills.post_bills(tx, policy=policy, bills=[debt_of(fact.bill) for fact in facts])

    async def bill_corrected(tx: Tx, facts: Sequence[BillCorrected]) -> None:
        await corrections.post_corrections(tx, policy=policy, corrections=[correction_of(fact) for fact in facts])

    return {AccountChanged: account_changed, BillIssued: bill_issued, BillCorrected: bill_corrected}


def debt_of(bill: Bill) -> Debt:
    """Return what a bill makes its account owe."""
    components = [(part.component, part.amount_fen) for part in bill.components]
    return Debt(
        BILL,
        bill.bill_id,
        bill.account_no,
        bill.cycle,
        bill.issued_on,
        bill.due_on,
        bill.issued_on,
        bill.total_fen,
        components,
    )


def correction_of(fact: BillCorrected) -> Correction:
    """Return a correction with its bills and differences as debts."""
    day = fact.corrected_on
    differences = [
        Debt(
            DIFFERENCE,
            one.difference_id,
            fact.account_no,
            one.cycle,
            day,
            one.due_on,
            day,
            one.total_fen,
            [(part.component, part.amount_fen) for part in one.components],
        )
        for one in fact.differences
    ]
    return Correction(
        fact.correction_id,
        fact.account_no,
        day,
        [debt_of(bill) for bill in fact.reversals],
        [debt_of(bill) for bill in fact.replacements],
        differences,
    )
