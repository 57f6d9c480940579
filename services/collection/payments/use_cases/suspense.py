"""Money in suspense is decided on: it is an account's, or it goes back to its payer."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import PAYMENT, Account, Cause
from services.collection.ledger.domain.policy import APPROVALS, RESOLUTION, Policy
from services.collection.ledger.domain.transactions import Entry
from services.collection.ledger.store import loading
from services.collection.ledger.use_cases import commands
from services.collection.payments import store
from services.collection.payments.domain import source_id
from services.collection.payments.use_cases import decisions, facts
from services.collection.payments.use_cases.decisions import Decision
from services.collection.supply.use_cases import settling
from shared import approvals
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError


class NotInSuspense(BusinessError):
    status = 409
    code = "payment.not_in_suspense"
    title = "The payment is not in suspense"


async def resolve(tx: Tx, *, policy: Policy, decision: Decision, account_no: str | None) -> Approval | None:
    """Give money in suspense to an account, whose debts it settles, oldest first, or return it to its payer.

    What of an amount that the policy names is done once a second person has approved it: then it returns what is asked for.
    """
    event = "give back" if account_no is None else "allocate"
    opened, payment = await decisions.begin(tx, decision, event, otherwise=NotInSuspense)
    books = await loading.open_books(tx, policy, opened, [account_no] if account_no else [])
    account = commands.account_of(books, account_no, decision.sees) if account_no else None
    action = "return" if account is None else "allocate"
    asked = await decisions.ask(tx, decision, RESOLUTION, payment, policy=policy, account=account, action=action)
    if asked is not None:
        return asked
    arrived = await loading.entries_of(tx, PAYMENT, decision.payment_id, transactions.SUSPENSE)
    cause = books.cause(PAYMENT, decision.payment_id, decision.decided_on)
    if account is None:
        books.give_back(cause, arrived, payment.org_unit)
        await store.decide(tx, payment, event, by=decision.actor)
    else:
        await _allocate(tx, books, cause, payment, account, arrived)
        given = {"account_no": account.account_no, "org_unit": account.org_unit}
        await store.decide(tx, payment, event, by=decision.actor, **given)
        tx.publish([facts.received(payment, **given)])
    await settling.save(tx, books, decision.payment_id)
    decisions.audit(tx, decision, f"suspense.{action}")
    return None


async def _allocate(
    tx: Tx, books: Books, cause: Cause, payment: Any, account: Account, arrived: Sequence[Entry]
) -> None:
    await loading.load_for_days(tx, books, {account.account_no: [cause.business_date]})
    (suspense_code,) = (entry.ledger_account for entry in arrived if entry.amount_fen < 0)
    key = source_id(payment.channel, payment.channel_txn)
    books.receive(account.account_no, cause, payment.amount_fen, suspense_code, transactions.RESOLUTION, key)


def kind_of_approval(policy: Policy, today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval that takes money out of suspense."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        decision = decisions.approved(approval, second=actor, today=today())
        await resolve(tx, policy=policy, decision=decision, account_no=approval.content["account_no"])

    return approvals.Kind(name=RESOLUTION, scope=APPROVALS[RESOLUTION], carry_out=carry_out)
