"""Money at the counter."""

from datetime import date

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.documents import PAYMENT
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import loading
from services.collection.ledger.use_cases import commands
from services.collection.payments import store
from services.collection.payments.domain import COUNTER, PAYMENT_LIFE, POSTED, NewPayment, source_id
from services.collection.payments.use_cases import facts
from services.collection.supply.use_cases import settling
from shared import natural
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.web.idempotency import KeyReused


async def take_at_counter(
    tx: Tx,
    *,
    policy: Policy,
    account_no: str,
    amount_fen: int,
    key: str,
    received_on: date,
    today: date,
    actor: str,
    sees: commands.Sees,
) -> str:
    """Take money at the counter (坐收), settle what is owed, oldest first, and return the payment's id.

    `key`: what the cashier calls it (the idempotency key). Under the key of an actor there is one payment of a day for ever; the
    same again changes nothing, with other content it is refused. So are, before the money changes hands, an unknown account, a
    closed month, a day in the future.
    """
    opened = await commands.open_for_command(tx, received_on, today)
    books = await loading.open_books(tx, policy, opened, [account_no])
    account = commands.account_of(books, account_no, sees)
    await loading.load_for_days(tx, books, {account_no: [received_on]})
    payment_id = natural.key_id(received_on, "payment", COUNTER, actor, key)
    payment = NewPayment(
        payment_id=payment_id,
        channel=COUNTER,
        channel_txn=payment_id,
        order_id=None,
        account_no=account_no,
        org_unit=account.org_unit,
        amount_fen=amount_fen,
        paid_on=received_on,
        received_on=received_on,
        status=PAYMENT_LIFE.start(POSTED),
        recorded_by=actor,
    )
    if not await store.add_payment(tx, payment):
        known = await store.by_channel_txn(tx, COUNTER, payment_id)
        if (known.account_no, known.amount_fen) != (account_no, amount_fen):
            raise KeyReused
        return payment_id
    cash_code = policy.cash_code(COUNTER, received_on)
    cause = books.cause(PAYMENT, payment_id, received_on)
    books.receive(account_no, cause, amount_fen, cash_code, transactions.RECEIPT, source_id(COUNTER, payment_id))
    tx.publish([facts.received(payment, account_no)])
    await settling.save(tx, books, payment_id)
    tx.audit([AuditEntry(action="payment.take", entity_kind=PAYMENT, entity_id=payment_id, actor=actor)])
    return payment_id
