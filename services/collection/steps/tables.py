"""The steps of dunning, each with the debts that it was about."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, SmallInteger, String
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class DunningStep(Base, table=True):
    """What was to be done of an account on a day, over all its debts that nothing held; `case_no` is empty of before there were
    cases."""

    __tablename__ = "dunning_step"
    __table_args__ = (Index("dunning_step_account", "account_no"), Index("dunning_step_case", "case_no"))

    step_id: str = Field(sa_column=columns.key())
    case_no: str = Field(sa_column=Column(columns.No, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    stage: int = Field(sa_column=Column(SmallInteger, nullable=False))
    action: str = Field(sa_column=Column(columns.Code, nullable=False))
    track: str = Field(sa_column=Column(columns.Code, nullable=False))
    tone: str | None = Field(sa_column=Column(columns.Code))
    business_date: date = Field(sa_column=Column(Date, nullable=False))
    outstanding_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class StepDebt(Base, table=True):
    """One of the debts that a step was about, and what was owed of it."""

    __tablename__ = "dunning_step_debt"
    __table_args__ = (Index("dunning_step_debt_receivable", "receivable_id"),)

    step_id: str = Field(sa_column=columns.key())
    receivable_id: str = Field(sa_column=Column(columns.No, primary_key=True))
    outstanding_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))


STEP = table(DunningStep)
STEP_DEBT = table(StepDebt)
