"""Requests and answers of collection. Money is an integer of fen."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.events.fact import MAX_CODE, MAX_NO, Month

BATCH_MAX = 500  # one unit of work under a second; the size of a page
FEN_MAX = 10**13  # a hundred billion yuan: no payment, so a slip of the unit
REASON_MAX = 500

No = Annotated[str, Field(min_length=1, max_length=MAX_NO)]
Code = Annotated[str, Field(min_length=1, max_length=MAX_CODE)]
AmountFen = Annotated[int, Field(gt=0, le=FEN_MAX, strict=True, examples=[12345])]
Fen = int


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OpeningIn(In):
    """What a customer owed when the utility went live; `document_no` is the old system's and unique for ever."""

    document_no: No
    account_no: No
    amount_fen: AmountFen
    issued_on: date
    due_on: date
    posted_on: date = Field(description="Day on which it counts in the ledger: the day of going live.")


class OpeningBatchIn(In):
    items: list[OpeningIn] = Field(min_length=1, max_length=BATCH_MAX)


class OutcomeOut(BaseModel):
    index: int
    status: Literal["done", "already_done", "conflicting_duplicate", "waiting", "refused"]
    code: str = ""
    message: str = ""
    id: str | None = None


class OutcomesOut(BaseModel):
    outcomes: list[OutcomeOut]


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
    paid_on: date


class ArrivalOut(BaseModel):
    status: Literal["done", "already_done"]
    payment_id: str
    payment_status: Literal["posted", "suspense", "reversed", "returned"]


class PaymentIn(In):
    account_no: No
    amount_fen: AmountFen
    received_on: date | None = Field(None, description="Default: today.")


class ReversalIn(In):
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="Why; no personal data.")
    reversed_on: date | None = Field(None, description="Default: today.")


class ResolutionIn(In):
    """`allocate` needs `account_no`, `return` must not have one."""

    action: Literal["allocate", "return"]
    account_no: No | None = None
    reason: str = Field(min_length=1, max_length=REASON_MAX, description="Why; no personal data.")
    resolved_on: date | None = Field(None, description="Default: today.")


class DerivedFrom(BaseModel):
    service: str
    kind: str
    id: str


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


class ReceivableOut(BaseModel):
    receivable_id: str
    account_no: str
    org_unit: str
    document_kind: str
    document_id: str
    cycle: str
    issued_on: date
    due_on: date
    amount_fen: Fen
    outstanding_fen: Fen
    status: Literal["open", "cleared", "reversed"]
    cleared_on: date | None
    derived_from: list[DerivedFrom]


class ReminderOut(BaseModel):
    reminder_id: str
    receivable_id: str
    stage: int
    account_no: str
    org_unit: str
    outstanding_fen: Fen
    business_date: date
    derived_from: list[DerivedFrom]


class FindingOut(BaseModel):
    finding_id: str
    code: str
    entity_kind: str
    entity_id: str
    subject: str
    account_no: str
    org_unit: str
    raised_at: datetime


class AccountOut(BaseModel):
    account_no: str
    org_unit: str
    outstanding_fen: Fen
    prepaid_fen: Fen
    balance_fen: Fen = Field(description="Outstanding less prepaid.")


class LineOut(BaseModel):
    transaction_id: str
    document_kind: str
    document_id: str
    kind: str
    business_date: date
    accounting_date: date
    receivable_fen: Fen
    prepayment_fen: Fen
    balance_fen: Fen


class StatementOut(BaseModel):
    """Opening balance + all lines from `from` to the day before `to` = closing balance."""

    account_no: str
    opening_balance_fen: Fen
    closing_balance_fen: Fen
    items: list[LineOut]
    next_cursor: str | None


class TrialLine(BaseModel):
    ledger_account: str
    name: str
    kind: str
    debit_fen: Fen
    credit_fen: Fen
    balance_fen: Fen


class TrialBalanceOut(BaseModel):
    as_of: date
    lines: list[TrialLine]
    debit_fen: Fen
    credit_fen: Fen
    imbalance_fen: Fen


class ClosingOut(BaseModel):
    month: Month
    status: Literal["done", "already_done"]


class ClosedMonthOut(BaseModel):
    month: Month
    closed_by: str
    closed_at: datetime


class InvariantOut(BaseModel):
    name: str
    left_fen: Fen
    right_fen: Fen
    holds: bool


class InvariantsOut(BaseModel):
    holds: bool
    invariants: list[InvariantOut]
