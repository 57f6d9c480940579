"""Money in suspense is decided on: it is an account's, or it goes back to its payer."""

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.documents import PAYMENT
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import loading
from services.collection.ledger.use_cases import commands
from services.collection.payments import store
from services.collection.payments.domain import source_id
from services.collection.payments.use_cases import decisions, facts
from services.collection.payments.use_cases.decisions import Decision
from shared.db.engine import Tx
from shared.errors import BusinessError


class NotInSuspense(BusinessError):
    status = 409
    code = "payment.not_in_suspense"
    title = "The payment is not in suspense"


async def allocate(tx: Tx, *, policy: Policy, decision: Decision, account_no: str) -> None:
    """Give money in suspense to an account, whose debts it settles, oldest first."""
    opened, payment = await decisions.begin(tx, decision, "allocate", otherwise=NotInSuspense)
    arrived = await loading.entries_of(tx, PAYMENT, decision.payment_id, transactions.SUSPENSE)
    books = await loading.open_books(tx, policy, opened, [account_no])
    account = commands.account_of(books, account_no, decision.sees)
    await loading.load_for_days(tx, books, {account_no: [decision.decided_on]})
    (suspense_code,) = (entry.ledger_account for entry in arrived if entry.amount_fen < 0)
    cause = books.cause(PAYMENT, decision.payment_id, decision.decided_on)
    key = source_id(payment.channel, payment.channel_txn)
    books.receive(account_no, cause, payment.amount_fen, suspense_code, transactions.RESOLUTION, key)
    await store.decide(
        tx,
        payment,
        "allocate",
        by=decision.actor,
        account_no=account_no,
        org_unit=account.org_unit,
    )
    tx.publish([facts.received(payment, account_no, account.org_unit)])
    await commands.save(tx, books, decision.payment_id)
    decisions.audit(tx, decision, "suspense.allocate")


async def give_back(tx: Tx, *, policy: Policy, decision: Decision) -> None:
    """Return money in suspense to its payer."""
    opened, payment = await decisions.begin(tx, decision, "give back", otherwise=NotInSuspense)
    arrived = await loading.entries_of(tx, PAYMENT, decision.payment_id, transactions.SUSPENSE)
    books = await loading.open_books(tx, policy, opened, [])
    books.give_back(books.cause(PAYMENT, decision.payment_id, decision.decided_on), arrived, payment.org_unit)
    await store.decide(tx, payment, "give back", by=decision.actor)
    await commands.save(tx, books, decision.payment_id)
    decisions.audit(tx, decision, "suspense.return")
