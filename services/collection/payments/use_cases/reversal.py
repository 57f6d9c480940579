"""Posted payments are taken back."""

from collections.abc import Callable
from datetime import date

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.documents import PAYMENT
from services.collection.ledger.domain.policy import APPROVALS, REVERSAL, Policy
from services.collection.ledger.store import loading
from services.collection.payments import store
from services.collection.payments.use_cases import decisions, facts
from services.collection.payments.use_cases.decisions import Decision
from services.collection.supply.use_cases import settling
from shared import approvals
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError


class NotPosted(BusinessError):
    status = 409
    code = "payment.not_posted"
    title = "Only a posted payment can be reversed"


async def reverse(tx: Tx, *, policy: Policy, decision: Decision) -> Approval | None:
    """Take a posted payment back (退票, 冲正): what it had settled is owed again, its prepayment is gone; nothing is edited.

    What of an amount that the policy names is done once a second person has approved it: then it returns what is asked for.
    """
    opened, payment = await decisions.begin(tx, decision, "reverse", otherwise=NotPosted)
    payment_id = decision.payment_id
    given_on = await loading.business_date_of(tx, PAYMENT, payment_id, transactions.RESOLUTION)
    if given_on is not None and decision.decided_on < given_on:
        raise decisions.BeforePayment
    asked = await decisions.ask(tx, decision, REVERSAL, payment, policy=policy)
    if asked is not None:
        return asked
    books = await loading.open_books(tx, policy, opened, [payment.account_no])
    await loading.load_for_reversal(tx, books, document_ids=[], credit_ids=[payment_id])
    await loading.load_for_days(tx, books, {payment.account_no: [decision.decided_on]})
    arrived = await loading.entries_of(tx, PAYMENT, payment_id, transactions.RECEIPT)
    arrived = arrived or await loading.entries_of(tx, PAYMENT, payment_id, transactions.SUSPENSE)
    (cash_code,) = (entry.ledger_account for entry in arrived if entry.amount_fen > 0)
    books.reverse_payment(payment_id, books.cause(PAYMENT, payment_id, decision.decided_on), cash_code)
    await store.decide(tx, payment, "reverse", by=decision.actor)
    tx.publish([facts.reversed_(payment, books.accounts[payment.account_no], decision.decided_on)])
    await settling.save(tx, books, payment_id)
    decisions.audit(tx, decision, "payment.reverse")
    return None


def kind_of_approval(policy: Policy, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that takes a payment back."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        await reverse(tx, policy=policy, decision=decisions.approved(approval, second=actor, today=today()))

    return approvals.Kind(name=REVERSAL, scope=APPROVALS[REVERSAL], carry_out=carry_out)
