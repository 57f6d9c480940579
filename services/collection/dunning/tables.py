"""What was reminded of."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, SmallInteger, String, UniqueConstraint
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class Reminder(Base, table=True):
    """One reminder per receivable and stage, whatever happens to the receivable later."""

    __tablename__ = "reminder"
    __table_args__ = (UniqueConstraint("receivable_id", "stage", name="reminder_cause"),)

    reminder_id: str = Field(sa_column=columns.key())
    receivable_id: str = Field(sa_column=Column(columns.No, nullable=False))
    stage: int = Field(sa_column=Column(SmallInteger, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    outstanding_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    business_date: date = Field(sa_column=Column(Date, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


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


REMINDER = table(Reminder)
CHARGE_HOLD = table(ChargeHold)
DISPUTE_HOLD = table(DisputeHold)
