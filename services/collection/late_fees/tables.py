"""Late fees as they were charged, with their working, and what was waived."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table
from shared.db.rights import APPEND_ONLY


class LateFee(Base, table=True):
    """The fee on what an account settled late on one day, by one rule; calculated otherwise it is the next version."""

    __tablename__ = "late_fee"
    __table_args__ = (
        UniqueConstraint("account_no", "settled_on", "rule", "version", name="late_fee_version"),
        Index("late_fee_account", "account_no", "late_fee_id"),
    )

    late_fee_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    settled_on: date = Field(sa_column=Column(Date, nullable=False))
    rule: str = Field(sa_column=Column(String(160), nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    issued_on: date = Field(sa_column=Column(Date, nullable=False))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    state: str = Field(sa_column=Column(columns.Code, nullable=False))
    withdrawn_on: date | None = Field(sa_column=Column(Date))


class LateFeeLine(Base, table=True):
    """A part of a debt that a fee is for, and the days for which it bore one."""

    __tablename__ = "late_fee_line"
    __table_args__ = (Index("late_fee_line_receivable", "receivable_id"), {"info": APPEND_ONLY})

    late_fee_id: str = Field(sa_column=columns.key())
    line_no: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    receivable_id: str = Field(sa_column=Column(columns.No, nullable=False))
    paid_on: date = Field(sa_column=Column(Date, nullable=False))
    paid_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    days_before: int = Field(sa_column=Column(Integer, nullable=False))
    days_after: int = Field(sa_column=Column(Integer, nullable=False))


class LateFeeWaiver(Base, table=True):
    """What of a debt's late fee two people gave up; without `waived_fen` all of it, also what would still grow."""

    __tablename__ = "late_fee_waiver"
    __table_args__ = (
        CheckConstraint("approved_by IS NULL OR approved_by <> asked_by", name="late_fee_waiver_two_people"),
        {"info": APPEND_ONLY},
    )

    receivable_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    waived_fen: int | None = Field(sa_column=Column(columns.Amount))
    reason: str = Field(sa_column=Column(columns.Code, nullable=False))
    explanation: str = Field(sa_column=Column(Text, nullable=False))
    waived_on: date = Field(sa_column=Column(Date, nullable=False))
    asked_by: str = Field(sa_column=Column(columns.No, nullable=False))
    approved_by: str | None = Field(sa_column=Column(columns.No))


LATE_FEE = table(LateFee)
LINE = table(LateFeeLine)
WAIVER = table(LateFeeWaiver)
