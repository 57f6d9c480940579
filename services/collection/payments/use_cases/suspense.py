"""Money in suspense is decided on."""

from datetime import date

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.documents import PAYMENT, Cause
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import loading, saving
from services.collection.ledger.use_cases import posting
from services.collection.payments import store
from services.collection.payments.domain import POSTED, RETURNED, SUSPENSE, Sees
from services.collection.payments.use_cases import decisions, facts
from services.collection.payments.use_cases.orders import AccountUnknown
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class NotInSuspense(BusinessError):
    status = 409
    code = "payment.not_in_suspense"
    title = "The payment is not in suspense"


async def resolve(
    tx: Tx,
    *,
    policy: Policy,
    payment_id: str,
    account_no: str | None,
    resolved_on: date,
    today: date,
    reason: str,
    actor: str,
    sees: Sees,
) -> None:
    """Decide on money in suspense: it is an account's, or (without an account) it is returned to its payer."""
    opened = await posting.open_for_command(tx, resolved_on, today)
    payment = await decisions.lock_payment(tx, payment_id, actor, sees)
    if payment.status != SUSPENSE:
        raise NotInSuspense
    if resolved_on < payment.received_on:
        raise decisions.BeforePayment
    arrived = await loading.entries_of(tx, PAYMENT, payment_id, transactions.SUSPENSE)
    cause = Cause(kind=PAYMENT, id=payment_id, business_date=resolved_on, accounting_date=resolved_on)
    if account_no is None:
        posted = transactions.transaction(
            document_kind=PAYMENT,
            document_id=payment_id,
            kind=transactions.RETURN,
            account_no="",
            org_unit=payment.org_unit,
            business_date=resolved_on,
            accounting_date=resolved_on,
            entries=transactions.reversed_(arrived),
        )
        await saving.write_transactions(tx, [posted])
        await store.decide(tx, payment_id, status=RETURNED, by=actor)
    else:
        books = await loading.open_books(tx, policy, opened, [account_no])
        account = books.accounts.get(account_no)
        if account is None or not sees(account.org_unit):
            raise AccountUnknown
        await loading.load_open_sides(tx, books, [account_no])
        (suspense_code,) = (entry.ledger_account for entry in arrived if entry.amount_fen < 0)
        books.receive(account_no, cause, payment.amount_fen, suspense_code, transactions.RESOLUTION)
        await store.decide(tx, payment_id, status=POSTED, by=actor, account_no=account_no, org_unit=account.org_unit)
        tx.publish([facts.received(payment, account_no, account.org_unit)])
        await posting.save(tx, books, payment_id)
    action = "suspense.return" if account_no is None else "suspense.allocate"
    tx.audit([AuditEntry(action=action, entity_kind=PAYMENT, entity_id=payment_id, actor=actor, reason=reason)])
