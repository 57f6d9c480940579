"""What holds for every decision on a payment: who may take it, and on what."""

from typing import Any

from services.collection.payments import store
from services.collection.payments.domain import Sees
from shared.db.engine import Tx
from shared.errors import BusinessError


class PaymentUnknown(BusinessError):
    status = 404
    code = "payment.unknown"
    title = "There is no such payment"


class BeforePayment(BusinessError):
    status = 422
    code = "payment.before_its_receipt"
    title = "The day lies before the day on which the money arrived"


class MakerIsChecker(BusinessError):
    status = 403
    code = "payment.maker_is_checker"
    title = "Who took a payment cannot decide on it"


async def lock_payment(tx: Tx, payment_id: str, actor: str, sees: Sees) -> Any:
    """Lock a payment and return it; raises `PaymentUnknown`, or `MakerIsChecker` where the actor took it."""
    payment = await store.lock_payment(tx, payment_id)
    if payment is None or not sees(payment.org_unit):
        raise PaymentUnknown
    if payment.recorded_by == actor:
        raise MakerIsChecker
    return payment
