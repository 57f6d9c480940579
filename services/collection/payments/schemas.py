"""Requests and answers where money moves."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.collection.ledger.schemas import AmountFen, Fen
from shared.fields import Day, Words
from shared.web.batch import Code, DerivedFrom, In, No

REASON_MAX = 500


class OrderIn(In):
    account_no: No
    amount_fen: AmountFen
    channel: Code


class OrderOut(BaseModel):
    order_id: str
    account_no: str
    org_unit: str
    channel: str
    amount_fen: Fen
    status: Literal["open", "paid"]
    created_on: date
    payment_id: str | None


class CallbackIn(In):
    """What a channel reports; unknown fields are ignored, because channels add some."""

    model_config = ConfigDict(extra="ignore")

    channel_txn: No
    order_id: No
    amount_fen: AmountFen
    paid_on: Day


class ArrivalOut(BaseModel):
    status: Literal["done", "already_done"]
    payment_id: str
    payment_status: Literal["posted", "suspense", "reversed", "returned"]


class PaymentIn(In):
    account_no: No
    amount_fen: AmountFen
    received_on: Day | None = Field(None, description="Default: today.")


class ReversalIn(In):
    reason: Words = Field(max_length=REASON_MAX, description="Why; no personal data.")
    reversed_on: Day | None = Field(None, description="Default: today.")


class ResolutionIn(In):
    """`allocate` needs `account_no`, `return` must not have one."""

    action: Literal["allocate", "return"]
    account_no: No | None = None
    reason: Words = Field(max_length=REASON_MAX, description="Why; no personal data.")
    resolved_on: Day | None = Field(None, description="Default: today.")


class AllocationOut(BaseModel):
    """A part of a payment set against a receivable; below zero where it was released again."""

    receivable_id: str
    amount_fen: Fen
    made_on: date
    cause_kind: str
    cause_id: str


class PaymentOut(BaseModel):
    payment_id: str
    channel: str
    channel_txn: str
    order_id: str | None
    account_no: str | None
    org_unit: str
    amount_fen: Fen
    unallocated_fen: Fen = Field(description="What of it is prepayment now.")
    received_on: date
    status: Literal["posted", "suspense", "reversed", "returned"]
    recorded_by: str
    decided_by: str | None
    allocations: list[AllocationOut]
    derived_from: list[DerivedFrom]


class PaymentListed(BaseModel):
    payment_id: str
    channel: str
    channel_txn: str
    order_id: str | None
    account_no: str | None
    org_unit: str
    amount_fen: Fen
    received_on: date
    status: Literal["posted", "suspense", "reversed", "returned"]
