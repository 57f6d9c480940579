"""Payment orders, and the money that arrived."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, String, UniqueConstraint, text
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table

_BY_ORDER = text("order_id IS NOT NULL")


class PaymentOrder(Base, table=True):
    __tablename__ = "payment_order"
    __table_args__ = (Index("payment_order_account", "account_no"), CheckConstraint("amount_fen > 0"))

    order_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    channel: str = Field(sa_column=Column(columns.Code, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    status: str = Field(sa_column=Column(String(8), nullable=False))
    created_on: date = Field(sa_column=Column(Date, nullable=False))
    payment_id: str | None = Field(sa_column=Column(columns.No))


class Payment(Base, table=True):
    """Money that arrived, once and for ever under (channel, channel_txn); whose it is may be found out later."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("channel", "channel_txn", name="payment_channel_txn"),
        Index("payment_account", "account_no"),
        Index("payment_order_id", "order_id", postgresql_where=_BY_ORDER, sqlite_where=_BY_ORDER),
        CheckConstraint("amount_fen > 0"),
        # maker and checker are two people, also where a use case forgets to look
        CheckConstraint("decided_by IS NULL OR decided_by <> recorded_by", name="payment_maker_is_not_checker"),
    )

    payment_id: str = Field(sa_column=columns.key())
    channel: str = Field(sa_column=Column(columns.Code, nullable=False))
    channel_txn: str = Field(sa_column=Column(columns.No, nullable=False))
    order_id: str | None = Field(sa_column=Column(columns.No))
    account_no: str | None = Field(sa_column=Column(columns.No))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    paid_on: date = Field(sa_column=Column(Date, nullable=False))
    received_on: date = Field(sa_column=Column(Date, nullable=False))
    status: str = Field(sa_column=Column(String(8), nullable=False))
    recorded_by: str = Field(sa_column=Column(columns.No, nullable=False))
    decided_by: str | None = Field(sa_column=Column(columns.No))
    recorded_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


ORDER = table(PaymentOrder)
PAYMENT = table(Payment)
