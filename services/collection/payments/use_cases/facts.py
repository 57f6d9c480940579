"""What payments tell the other services."""

from datetime import date
from typing import Any

from services.collection.ledger.domain.documents import Account
from shared.events.collection import PaymentReceived, PaymentReversed


def received(payment: Any, account_no: str, org_unit: str = "") -> PaymentReceived:
    """Return that a payment is its account's now."""
    return PaymentReceived(
        account_no=account_no,
        payment_id=payment.payment_id,
        org_unit=org_unit or payment.org_unit,
        channel=payment.channel,
        amount_fen=payment.amount_fen,
        received_on=payment.received_on,
        causation_id=payment.order_id or "",
    )


def reversed_(payment: Any, account: Account, reversed_on: date) -> PaymentReversed:
    """Return that a payment was taken back."""
    return PaymentReversed(
        account_no=account.account_no,
        payment_id=payment.payment_id,
        org_unit=account.org_unit,
        channel=payment.channel,
        amount_fen=payment.amount_fen,
        received_on=payment.received_on,
        reversed_on=reversed_on,
        outstanding_fen=sum(receivable.outstanding_fen for receivable in account.receivables),
        causation_id=payment.payment_id,
    )
