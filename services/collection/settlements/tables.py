"""The table of settlements."""

from datetime import date

from sqlalchemy import Column, Date, Index, String
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class Settlement(Base, table=True):
    """The settlement of an account that a closing has ended. `waits_for`: its last bill, what is owed, or a dispute."""

    __tablename__ = "settlement"
    __table_args__ = (
        Index("settlement_state", "state", "closing_no"),
        Index("settlement_account", "account_no"),
        Index("settlement_bill", "bill_id"),
    )

    closing_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    ended_on: date = Field(sa_column=Column(Date, nullable=False))
    billed_on: date = Field(sa_column=Column(Date, nullable=False))
    bill_id: str = Field(sa_column=Column(columns.No, nullable=False))
    approved_by: str = Field(sa_column=Column(columns.No, nullable=False))
    state: str = Field(sa_column=Column(columns.Code, nullable=False))
    waits_for: str = Field(sa_column=Column(columns.Code, nullable=False))
    settled_on: date | None = Field(sa_column=Column(Date))
    paid_out_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    kept_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    decided_by: str | None = Field(sa_column=Column(columns.No))


SETTLEMENT = table(Settlement)
