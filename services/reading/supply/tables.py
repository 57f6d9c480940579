"""The tables of supply orders."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, String, Text, text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table

_DUE = text("due_at IS NOT NULL")


class SupplyPoint(Base, table=True):
    """A service point of which orders were heard; its row is locked by whoever changes one of them, known point or not."""

    __tablename__ = "supply_point"

    service_point_no: str = Field(sa_column=columns.key())


class SupplyOrder(Base, table=True):
    """A supply order (停复电指令): what was asked for, how it is carried out, and what became of it."""

    __tablename__ = "supply_order"

    order_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=required(columns.No))
    service_point_no: str = Field(sa_column=required(columns.No))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    action: str = Field(sa_column=required(SHORT))
    not_before: datetime = Field(sa_column=required(columns.Instant))
    expires_at: datetime = Field(sa_column=required(columns.Instant))
    supersedes: str | None = Field(sa_column=Column(columns.No))
    sequence: int = Field(sa_column=required(columns.BigInt))
    reason: str = Field(sa_column=required(columns.Code))
    asked_on: date = Field(sa_column=required(Date))
    state: str = Field(sa_column=required(SHORT))
    way: str | None = Field(sa_column=Column(SHORT))
    due_at: datetime | None = Field(sa_column=Column(columns.Instant))
    claims: int = Field(sa_column=required(Integer))
    calling: int = Field(sa_column=required(Integer))
    doubts: int = Field(sa_column=required(Integer))
    unwanted: str | None = Field(sa_column=Column(SHORT))
    sent_at: datetime | None = Field(sa_column=Column(columns.Instant))
    unknown_since: datetime | None = Field(sa_column=Column(columns.Instant))
    switched_at: datetime | None = Field(sa_column=Column(columns.Instant))
    switched_on: date | None = Field(sa_column=Column(Date))
    ended_at: datetime | None = Field(sa_column=Column(columns.Instant))
    code: str = Field(sa_column=required(columns.Code))
    detail: str = Field(sa_column=required(String(64)))
    said_by: str | None = Field(sa_column=Column(SHORT))
    reported_by: str | None = Field(sa_column=Column(columns.No))
    carried_out_by: str | None = Field(sa_column=Column(columns.No))
    explanation: str | None = Field(sa_column=Column(Text))
    meter_no: str | None = Field(sa_column=Column(METER_NO))
    registers: str | None = Field(sa_column=Column(Text))
    version: int = Field(sa_column=required(Integer))
    __table_args__ = (
        CheckConstraint("(state = 'done') = (switched_at IS NOT NULL)", name="supply_order_done_is_switched"),
        CheckConstraint("state <> 'done' OR said_by IS NOT NULL", name="supply_order_done_by_somebody"),
        Index("supply_order_point", "service_point_no", "state"),
        Index("supply_order_due", "due_at", "order_no", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("supply_order_list", "not_before", "order_no"),
        Index("supply_order_asked", "asked_on", "order_no"),
        Index("supply_order_switched", "switched_on", "order_no"),
    )


class SupplyWithdrawal(Base, table=True):
    """An order that its asker needs no more, whether or not it is known: the first word on it counts."""

    __tablename__ = "supply_withdrawal"

    order_no: str = Field(sa_column=columns.key())
    reason: str = Field(sa_column=required(columns.Code))
    withdrawn_at: datetime = Field(sa_column=required(columns.Instant))


SUPPLY_POINT = table(SupplyPoint)
SUPPLY_ORDER = table(SupplyOrder)
SUPPLY_WITHDRAWAL = table(SupplyWithdrawal)
