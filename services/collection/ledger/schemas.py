"""Answers about the books. Money is an integer of fen."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from shared.fields import Month

FEN_MAX = 10**13  # a hundred billion yuan: no payment, so a slip of the unit

AmountFen = Annotated[int, Field(gt=0, le=FEN_MAX, strict=True, examples=[12345])]
Fen = int


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
    accrued_late_fee_fen: Fen = Field(
        description="Grown until today on what is owed now; charged once that is settled."
    )
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
