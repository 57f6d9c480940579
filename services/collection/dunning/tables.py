"""Cases of dunning, and what holds debts."""

from datetime import date

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, SmallInteger, String, text
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table

_OPEN = text("closed_on IS NULL")


class DunningCase(Base, table=True):
    """The arrears of an account from their first day to the day on which nothing was overdue any more (催费工单).

    `stage`, since `stage_on`, and what is done at it, as of the last judgement that changed something (`judged_on`). Of what is
    overdue `held_fen` is held; `due_on` is the oldest due date.
    """

    __tablename__ = "dunning_case"
    __table_args__ = (
        Index("dunning_case_open", "account_no", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("dunning_case_account", "account_no", "opened_on"),
        CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)"),
    )

    case_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    track: str = Field(sa_column=Column(columns.Code, nullable=False))
    state: str = Field(sa_column=Column(String(8), nullable=False))
    stage: int = Field(sa_column=Column(SmallInteger, nullable=False))
    stage_on: date | None = Field(sa_column=Column(Date))
    action: str = Field(sa_column=Column(columns.Code, nullable=False))
    opened_on: date = Field(sa_column=Column(Date, nullable=False))
    closed_on: date | None = Field(sa_column=Column(Date))
    judged_on: date = Field(sa_column=Column(Date, nullable=False))
    outstanding_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    held_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    debts: int = Field(sa_column=Column(Integer, nullable=False))


class DunningDebt(Base, table=True):
    """The stage to which an overdue debt has come in the open case of its account; gone once it is settled."""

    __tablename__ = "dunning_debt"
    __table_args__ = (Index("dunning_debt_account", "account_no"),)

    receivable_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    stage: int = Field(sa_column=Column(SmallInteger, nullable=False))
    stage_on: date | None = Field(sa_column=Column(Date))


class DunningHold(Base, table=True):
    """What a person said: nothing is done about all debts of an account, or some of them, in [held_from, held_until].

    `ended_on`: the first day no longer held, where it was ended early.
    """

    __tablename__ = "dunning_hold"
    __table_args__ = (CheckConstraint("held_until >= held_from"),)

    account_no: str = Field(sa_column=columns.key())
    hold_no: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    reason: str = Field(sa_column=Column(columns.Code, nullable=False))
    holds_all: bool = Field(sa_column=Column(Boolean, nullable=False))
    held_from: date = Field(sa_column=Column(Date, nullable=False))
    held_until: date = Field(sa_column=Column(Date, nullable=False))
    held_by: str = Field(sa_column=Column(columns.No, nullable=False))
    ended_on: date | None = Field(sa_column=Column(Date))
    ended_by: str | None = Field(sa_column=Column(columns.No))


class HeldReceivable(Base, table=True):
    """One of the debts that a hold is about, where it is not about all."""

    __tablename__ = "dunning_hold_receivable"
    __table_args__ = (Index("dunning_hold_receivable_of", "receivable_id"),)

    account_no: str = Field(sa_column=columns.key())
    hold_no: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    receivable_id: str = Field(sa_column=Column(columns.No, primary_key=True))


class DisputeHold(Base, table=True):
    """A cycle of a service point whose usage is in doubt, as reading told last: nobody is reminded of it up to `held_until`."""

    __tablename__ = "dispute_hold"
    __table_args__ = (Index("dispute_hold_point", "service_point_no", "cycle"),)

    dispute_no: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=Column(String(7), primary_key=True))
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    state: str = Field(sa_column=Column(columns.Code, nullable=False))
    opened_on: date = Field(sa_column=Column(Date, nullable=False))
    held_until: date | None = Field(sa_column=Column(Date))
    changed_on: date | None = Field(sa_column=Column(Date))


class ChargeHold(Base, table=True):
    """A charge of a case that is disputed, as billing told last: nobody is reminded of it up to `held_until`."""

    __tablename__ = "charge_hold"

    charge_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    held_until: date | None = Field(sa_column=Column(Date))


CASE = table(DunningCase)
DEBT = table(DunningDebt)
HELD = table(DunningHold)
HELD_RECEIVABLE = table(HeldReceivable)
CHARGE_HOLD = table(ChargeHold)
DISPUTE_HOLD = table(DisputeHold)
