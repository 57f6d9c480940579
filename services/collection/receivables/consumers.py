"""Facts of billing that collection acts on."""

from collections.abc import Mapping, Sequence

from services.collection.ledger.domain.documents import ADJUSTMENT, BILL, CHARGE, DIFFERENCE, Correction, Debt
from services.collection.ledger.domain.policy import Policy
from services.collection.prepaid.use_cases import moving
from services.collection.receivables.use_cases import accounts, bills, corrections
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import (
    AccountChanged,
    AdjustmentIssued,
    Bill,
    BillCorrected,
    BillIssued,
    Charge,
    ChargeIssued,
    ChargeWithdrawn,
)
from shared.events.fact import Fact


def handlers(policy: Policy) -> Mapping[type[Fact], Handler]:
    """Return the handlers by type: accounts come before their bills, bills before their corrections."""

    async def account_changed(tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await accounts.copy(tx, policy=policy, facts=facts)

    async def bill_issued(tx: Tx, facts: Sequence[BillIssued]) -> None:
        await moving.billed(tx, [(fact.bill.contract_no, fact.bill.period_to) for fact in facts])
        await bills.post_bills(tx, policy=policy, bills=[debt_of(fact.bill) for fact in facts])

    async def bill_corrected(tx: Tx, facts: Sequence[BillCorrected]) -> None:
        await corrections.post_corrections(tx, policy=policy, corrections=[correction_of(fact) for fact in facts])

    async def adjustment_issued(tx: Tx, facts: Sequence[AdjustmentIssued]) -> None:
        await bills.post_bills(tx, policy=policy, bills=[adjustment_of(fact) for fact in facts])

    async def charge_issued(tx: Tx, facts: Sequence[ChargeIssued]) -> None:
        await bills.post_bills(tx, policy=policy, bills=[charge_of(fact.charge) for fact in facts])

    async def charge_withdrawn(tx: Tx, facts: Sequence[ChargeWithdrawn]) -> None:
        await corrections.post_corrections(tx, policy=policy, corrections=[withdrawal_of(fact) for fact in facts])

    return {
        AccountChanged: account_changed,
        BillIssued: bill_issued,
        BillCorrected: bill_corrected,
        AdjustmentIssued: adjustment_issued,
        ChargeIssued: charge_issued,
        ChargeWithdrawn: charge_withdrawn,
    }


def debt_of(bill: Bill) -> Debt:
    """Return what a bill makes its account owe."""
    components = [(part.component, part.amount_fen) for part in bill.components]
    return Debt(
        document_kind=BILL,
        document_id=bill.bill_id,
        account_no=bill.account_no,
        cycle=bill.cycle,
        issued_on=bill.issued_on,
        due_on=bill.due_on,
        posted_on=bill.issued_on,
        total_fen=bill.total_fen,
        components=components,
        service_point_no=bill.service_point_no,
        route_no=bill.route_no,
    )


def adjustment_of(fact: AdjustmentIssued) -> Debt:
    """Return what an adjustment makes its account owe; below zero it is a credit."""
    return Debt(
        document_kind=ADJUSTMENT,
        document_id=fact.adjustment_id,
        account_no=fact.account_no,
        cycle=fact.cycle,
        issued_on=fact.issued_on,
        due_on=fact.due_on,
        posted_on=fact.issued_on,
        total_fen=fact.total_fen,
        components=[(part.component, part.amount_fen) for part in fact.components],
        service_point_no=fact.service_point_no,
    )


def charge_of(charge: Charge) -> Debt:
    """Return what a charge of a case makes its account owe, one component of the ledger."""
    return Debt(
        document_kind=CHARGE,
        document_id=charge.charge_no,
        account_no=charge.account_no,
        cycle=charge.cycle,
        issued_on=charge.issued_on,
        due_on=charge.due_on,
        posted_on=charge.issued_on,
        total_fen=charge.amount_fen,
        components=[(charge.component, charge.amount_fen)],
        service_point_no=charge.service_point_no,
    )


def withdrawal_of(fact: ChargeWithdrawn) -> Correction:
    """Return what takes a charge back: a correction that reverses it, and puts nothing in its place."""
    return Correction(
        correction_id=fact.charge.charge_no,
        account_no=fact.account_no,
        corrected_on=fact.withdrawn_on,
        reversals=[charge_of(fact.charge)],
        replacements=[],
    )


def correction_of(fact: BillCorrected) -> Correction:
    """Return a correction with its bills and differences as debts."""
    day = fact.corrected_on
    bills = {bill.bill_id: bill for bill in fact.reversals}
    differences = [
        Debt(
            document_kind=DIFFERENCE,
            document_id=one.difference_id,
            account_no=fact.account_no,
            cycle=one.cycle,
            issued_on=day,
            due_on=one.due_on,
            posted_on=day,
            total_fen=one.total_fen,
            components=[(part.component, part.amount_fen) for part in one.components],
            service_point_no=bills[one.bill_id].service_point_no if one.bill_id in bills else None,
            route_no=bills[one.bill_id].route_no if one.bill_id in bills else "",
        )
        for one in fact.differences
    ]
    told = {one.replacement_id for one in fact.differences}
    return Correction(
        correction_id=fact.correction_id,
        account_no=fact.account_no,
        corrected_on=day,
        reversals=[debt_of(bill) for bill in fact.reversals],
        replacements=[debt_of(bill) for bill in fact.replacements],
        differences=differences,
        added=[debt_of(bill) for bill in fact.replacements if differences and bill.bill_id not in told],
    )
