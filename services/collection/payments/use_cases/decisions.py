"""What holds for every decision on a payment: who may take it, on what, and that it is written down."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from services.collection.ledger.domain.documents import PAYMENT, Account
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.use_cases import commands
from services.collection.payments import store
from services.collection.payments.domain import PAYMENT_LIFE
from shared import approvals
from shared.db.approvals import Approval
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
    """What a person decides on a payment, and the day on which that counts in the ledger.

    `second`: who approved it where it needs two.
    """

    payment_id: str
    decided_on: date
    today: date
    reason: str
    actor: str
    sees: commands.Sees
    second: str = ""


async def begin(tx: Tx, decision: Decision, event: str, *, otherwise: type[BusinessError]) -> tuple[date | None, Any]:
    """Lock the payment of a decision, and return the first open day and the payment.

    Raises `PaymentUnknown`, `MakerIsChecker` where one who decides took it, `otherwise` where its life has no such event now, and
    `BeforePayment`.
    """
    opened = await commands.open_for_command(tx, decision.decided_on, decision.today)
    payment = await store.lock_payment(tx, decision.payment_id)
    if payment is None or not decision.sees(payment.org_unit):
        raise PaymentUnknown
    if payment.recorded_by in (decision.actor, decision.second):
        raise MakerIsChecker
    if not PAYMENT_LIFE.may(payment.status, event):
        raise otherwise
    if decision.decided_on < payment.received_on:
        raise BeforePayment
    return opened, payment


async def ask(
    tx: Tx, decision: Decision, kind: str, payment: Any, *, policy: Policy, account: Account | None = None, **what: str
) -> Approval | None:
    """Ask for a second person's approval of a decision on a locked payment, where the policy wants one; return what is asked for.

    `account`: to which the money goes. Who approves sees the org units of both.
    """
    second = None if decision.second else policy.second_person(kind, decision.today, payment.amount_fen)
    if second is None:
        return None
    units = {payment.org_unit, account.org_unit if account else payment.org_unit}
    content = {
        "payment_id": payment.payment_id,
        "account_no": account.account_no if account else payment.account_no,
        "amount_fen": payment.amount_fen,
        "decided_on": str(decision.decided_on),
        "reason": decision.reason,
        "org_units": sorted(units),
        **what,
    }
    return await approvals.ask(
        tx,
        kind=kind,
        subject_id=payment.payment_id,
        content=content,
        org_unit=approvals.unit_above(units),
        requested_by=decision.actor,
        reason=decision.reason,
        second=second,
    )


def approved(approval: Approval, *, second: str, today: date) -> Decision:
    """Return the decision that was asked for, now that a second person has approved it; it moves nothing of other org units."""
    content = approval.content
    return Decision(
        payment_id=content["payment_id"],
        decided_on=date.fromisoformat(content["decided_on"]),
        today=today,
        reason=content["reason"],
        actor=approval.requested_by,
        sees=lambda org_unit: org_unit in content["org_units"],
        second=second,
    )


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
