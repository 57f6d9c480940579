"""Money that comes in: what a channel reports, and a payment as it is recorded."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.statemachine import StateMachine

COUNTER = "counter"
SOURCE_MAX = 80  # the column that keeps it
OPEN, PAID = "open", "paid"
ORDER_LIFE: Final = StateMachine(name="payment order", starts=(OPEN,), moves={"pay": {OPEN: PAID}})

POSTED, SUSPENSE, REVERSED, RETURNED = "posted", "suspense", "reversed", "returned"
PAYMENT_LIFE: Final = StateMachine(
    name="payment",
    starts=(POSTED, SUSPENSE),
    moves={
        "allocate": {SUSPENSE: POSTED},
        "give back": {SUSPENSE: RETURNED},
        "reverse": {POSTED: REVERSED},
    },
)
"""Money whose account is known is posted at once; other money is in suspense until a person decides on it."""


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


def source_id(channel: str, channel_txn: str) -> str:
    """Return what orders the money of one day: the channel and its number, which do not depend on what came first."""
    key = f"{channel} {channel_txn}"
    return key if len(key) <= SOURCE_MAX else hashlib.sha256(key.encode()).hexdigest()
