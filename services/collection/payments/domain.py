"""Money that comes in: what a channel reports, and a payment as it is recorded."""

from dataclasses import dataclass
from datetime import date

COUNTER = "counter"
POSTED, SUSPENSE, REVERSED, RETURNED = "posted", "suspense", "reversed", "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a channel reports: money that has arrived."""

    channel: str
    channel_txn: str
    order_id: str
    amount_fen: int
    paid_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    payment_id: str
    channel: str
    channel_txn: str
    order_id: str | None
    account_no: str | None
    org_unit: str
    amount_fen: int
    paid_on: date
    received_on: date
    status: str
    recorded_by: str
