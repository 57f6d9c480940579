"""Cuts of supply, and the debts that each is for."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, String, text
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table

_IN_FORCE = text("state <> 'ended'")


class Cut(Base, table=True):
    """A service point whose supply is to be cut for arrears or as nothing is left (`cause`), was cut, or is restored.

    `code`: why it waits, or why it ended. `told_on`: the day on which the notice was delivered or told. `due_at`: when the
    clock of the day has something to do. `restore_by`: by when supply must be there again.
    """

    __tablename__ = "cut"
    __table_args__ = (
        Index("cut_in_force", "service_point_no", unique=True, postgresql_where=_IN_FORCE, sqlite_where=_IN_FORCE),
        Index("cut_account", "account_no"),
        Index("cut_state", "state", "cut_no"),
        Index("cut_announcement", "announcement_id"),
        CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="cut_two_people"),
        CheckConstraint("state IN ('proposed', 'ended') OR approved_by IS NOT NULL", name="cut_is_approved"),
    )

    cut_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    case_no: str = Field(sa_column=Column(columns.No, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    state: str = Field(sa_column=Column(columns.Code, nullable=False))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    cause: str = Field(sa_column=Column(columns.Code, nullable=False, server_default="arrears"))
    outstanding_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    proposed_on: date = Field(sa_column=Column(Date, nullable=False))
    proposed_by: str = Field(sa_column=Column(columns.No, nullable=False))
    approved_by: str | None = Field(sa_column=Column(columns.No))
    announcement: int = Field(sa_column=Column(Integer, nullable=False))
    announcement_id: str = Field(sa_column=Column(columns.No, nullable=False))
    announced_on: date | None = Field(sa_column=Column(Date))
    told_on: date | None = Field(sa_column=Column(Date))
    cut_at: datetime | None = Field(sa_column=Column(columns.Instant))
    expires_at: datetime | None = Field(sa_column=Column(columns.Instant))
    due_at: datetime | None = Field(sa_column=Column(columns.Instant))
    order_no: str = Field(sa_column=Column(columns.No, nullable=False))
    orders: int = Field(sa_column=Column(Integer, nullable=False))
    sequence: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    switched_at: datetime | None = Field(sa_column=Column(columns.Instant))
    restore_by: datetime | None = Field(sa_column=Column(columns.Instant))
    restored_at: datetime | None = Field(sa_column=Column(columns.Instant))


class CutDebt(Base, table=True):
    """One of the debts that a cut is for: all of them settled, its reason is gone."""

    __tablename__ = "cut_debt"

    cut_no: str = Field(sa_column=columns.key())
    receivable_id: str = Field(sa_column=Column(columns.No, primary_key=True))


class CutOrder(Base, table=True):
    """An order that was asked for; the last one of a cut counts, but what became of an earlier one may be told later."""

    __tablename__ = "cut_order"

    order_no: str = Field(sa_column=columns.key())
    cut_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    action: str = Field(sa_column=Column(columns.Code, nullable=False))
    asked_on: date = Field(sa_column=Column(Date, nullable=False, index=True))


CUT = table(Cut)
CUT_ORDER = table(CutOrder)
CUT_DEBT = table(CutDebt)
