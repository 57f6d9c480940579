"""Instalment plans: what they cover, and what is to be paid by when."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, String
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class Plan(Base, table=True):
    """A plan to pay what is owed in instalments (分期). Agreed from `agreed_on` on, it holds what it covers as `hold_no`;
    `ended_on`: the day as of which it was broken or completed, the first one that is not held."""

    __tablename__ = "plan"
    __table_args__ = (
        Index("plan_account", "account_no"),
        Index("plan_state", "state", "plan_no"),
        CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="plan_two_people"),
    )

    plan_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    state: str = Field(sa_column=Column(columns.Code, nullable=False))
    covered_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    grace_days: int = Field(sa_column=Column(SmallInteger, nullable=False))
    proposed_on: date = Field(sa_column=Column(Date, nullable=False))
    proposed_by: str = Field(sa_column=Column(columns.No, nullable=False))
    agreed_on: date | None = Field(sa_column=Column(Date))
    agreed_by: str | None = Field(sa_column=Column(columns.No))
    ended_on: date | None = Field(sa_column=Column(Date))
    hold_no: int | None = Field(sa_column=Column(Integer))


class PlanInstalment(Base, table=True):
    """What is to be paid by a day."""

    __tablename__ = "plan_instalment"

    plan_no: str = Field(sa_column=columns.key())
    number: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))


class PlanReceivable(Base, table=True):
    """One of the debts that a plan covers, and what was owed of it."""

    __tablename__ = "plan_receivable"
    __table_args__ = (Index("plan_receivable_of", "receivable_id"),)

    plan_no: str = Field(sa_column=columns.key())
    receivable_id: str = Field(sa_column=Column(columns.No, primary_key=True))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))


PLAN = table(Plan)
INSTALMENT = table(PlanInstalment)
COVERED = table(PlanReceivable)
