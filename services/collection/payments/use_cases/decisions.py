"""What holds for every decision on a payment: who may take it, on what, and that it is written down."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.collection.ledger.domain.documents import PAYMENT
from services.collection.ledger.use_cases import commands
from services.collection.payments import store
from services.collection.payments.domain import PAYMENT_LIFE
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


class PaymentUnknown(BusinessError):
    status = 404
    code = "payment.unknown"
    title = "There is no such payment"


class BeforePayment(BusinessError):
    status = 422
    code = "payment.before_its_receipt"
    title = "The day lies before the day on which the money arrived, or was given to its account"


class MakerIsChecker(BusinessError):
    status = 403
    code = "payment.maker_is_checker"
    title = "Who took a payment cannot decide on it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decides on a payment, and the day on which that counts in the ledger."""

    payment_id: str
    decided_on: date
    today: date
    reason: str
    actor: str
    sees: commands.Sees


async def begin(tx: Tx, decision: Decision, event: str, *, otherwise: type[BusinessError]) -> tuple[date | None, Any]:
    """Lock the payment of a decision, and return the first open day and the payment.

    Raises `PaymentUnknown`, `MakerIsChecker` where the actor took it, `otherwise` where its life has no such event now, and
    `BeforePayment`.
    """
    opened = await commands.open_for_command(tx, decision.decided_on, decision.today)
    payment = await store.lock_payment(tx, decision.payment_id)
    if payment is None or not decision.sees(payment.org_unit):
        raise PaymentUnknown
    if payment.recorded_by == decision.actor:
        raise MakerIsChecker
    if not PAYMENT_LIFE.may(payment.status, event):
        raise otherwise
    if decision.decided_on < payment.received_on:
        raise BeforePayment
    return opened, payment


def audit(tx: Tx, decision: Decision, action: str) -> None:
    """Record who decided, and why."""
    entry = AuditEntry(
        action=action,
        entity_kind=PAYMENT,
        entity_id=decision.payment_id,
        actor=decision.actor,
        reason=decision.reason,
    )
    tx.audit([entry])
