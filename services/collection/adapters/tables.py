"""The tables of collection. What is posted (ledger, allocations) is only ever added to; triggers in the migration hold that."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, MetaData, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import columns, platform


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Account(Base, table=True):
    """A copy of billing's account, and its prepaid balance. Its row is the lock of the customer's books."""

    __tablename__ = "account"

    account_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    customer_class: str = Field(sa_column=Column(columns.Code, nullable=False))
    opened_on: date = Field(sa_column=Column(Date, nullable=False))
    closed_on: date | None = Field(sa_column=Column(Date))
    prepaid_fen: int = Field(sa_column=Column(columns.Amount, nullable=False, server_default="0"))


class Receivable(Base, table=True):
    __tablename__ = "receivable"
    __table_args__ = (
        UniqueConstraint("document_id", "document_kind", name="receivable_document"),
        Index("receivable_account", "account_no"),
        CheckConstraint("outstanding_fen >= 0 AND (outstanding_fen = 0 OR outstanding_fen <= amount_fen)"),
        CheckConstraint("(status = 'open') = (outstanding_fen > 0)"),
    )

    receivable_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    document_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    document_id: str = Field(sa_column=Column(columns.No, nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    issued_on: date = Field(sa_column=Column(Date, nullable=False))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    outstanding_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    status: str = Field(sa_column=Column(String(8), nullable=False))
    cleared_on: date | None = Field(sa_column=Column(Date))


class Credit(Base, table=True):
    """Money that can settle receivables; its unallocated parts are the account's prepaid balance."""

    __tablename__ = "credit"
    __table_args__ = (
        Index("credit_account", "account_no"),
        CheckConstraint("unallocated_fen >= 0 AND unallocated_fen <= amount_fen"),
    )

    credit_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    source_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    source_id: str = Field(sa_column=Column(String(80), nullable=False))
    value_on: date = Field(sa_column=Column(Date, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    unallocated_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))


class Allocation(Base, table=True):
    __tablename__ = "allocation"
    __table_args__ = (Index("allocation_credit", "credit_id"), Index("allocation_receivable", "receivable_id"))

    allocation_id: str = Field(sa_column=columns.key())
    credit_id: str = Field(sa_column=Column(columns.No, nullable=False))
    receivable_id: str = Field(sa_column=Column(columns.No, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    made_on: date = Field(sa_column=Column(Date, nullable=False))
    cause_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    cause_id: str = Field(sa_column=Column(columns.No, nullable=False))


class LedgerTransaction(Base, table=True):
    __tablename__ = "ledger_transaction"
    __table_args__ = (
        UniqueConstraint("document_id", "document_kind", "kind", name="ledger_transaction_document"),
        Index("ledger_transaction_account", "account_no", "accounting_date"),
        # each side is summed on its own: where they differ the transaction does not sum to 0 fen
        CheckConstraint("debit_fen = credit_fen", name="ledger_transaction_balances"),
    )

    transaction_id: str = Field(sa_column=columns.key())
    document_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    document_id: str = Field(sa_column=Column(columns.No, nullable=False))
    kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    group_id: str = Field(sa_column=Column(columns.No, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    business_date: date = Field(sa_column=Column(Date, nullable=False))
    accounting_date: date = Field(sa_column=Column(Date, nullable=False))
    debit_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    credit_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    recorded_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class LedgerEntry(Base, table=True):
    __tablename__ = "ledger_entry"

    transaction_id: str = Field(sa_column=columns.key())
    line_no: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    ledger_account: str = Field(sa_column=Column(String(32), nullable=False))
    component: str = Field(sa_column=Column(columns.Code, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))


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


class Finding(Base, table=True):
    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("code", "entity_kind", "entity_id", "subject", name="finding_cause"),)

    finding_id: str = Field(sa_column=columns.key())
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    entity_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    entity_id: str = Field(sa_column=Column(columns.No, nullable=False))
    subject: str = Field(sa_column=Column(columns.Code, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    raised_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class WaitingDocument(Base, table=True):
    """A bill, correction or opening receivable whose account is not known yet; `payload` is the domain document as JSON."""

    __tablename__ = "waiting_document"
    __table_args__ = (
        UniqueConstraint("document_id", "kind", name="waiting_document_cause"),
        Index("waiting_document_account", "waiting_for"),
        {"sqlite_autoincrement": True},
    )

    position: int = Field(sa_column=Column(columns.BigInt, primary_key=True, autoincrement=True))
    kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    document_id: str = Field(sa_column=Column(columns.No, nullable=False))
    waiting_for: str = Field(sa_column=Column(columns.No, nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    received_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class ClosedMonth(Base, table=True):
    __tablename__ = "closed_month"

    month: str = Field(sa_column=Column(String(7), primary_key=True))
    closed_by: str = Field(sa_column=Column(columns.No, nullable=False))
    closed_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


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


ACCOUNT = Account.__table__  # type: ignore[attr-defined]
RECEIVABLE = Receivable.__table__  # type: ignore[attr-defined]
CREDIT = Credit.__table__  # type: ignore[attr-defined]
ALLOCATION = Allocation.__table__  # type: ignore[attr-defined]
TRANSACTION = LedgerTransaction.__table__  # type: ignore[attr-defined]
ENTRY = LedgerEntry.__table__  # type: ignore[attr-defined]
ORDER = PaymentOrder.__table__  # type: ignore[attr-defined]
PAYMENT = Payment.__table__  # type: ignore[attr-defined]
FINDING = Finding.__table__  # type: ignore[attr-defined]
WAITING = WaitingDocument.__table__  # type: ignore[attr-defined]
CLOSED_MONTH = ClosedMonth.__table__  # type: ignore[attr-defined]
REMINDER = Reminder.__table__  # type: ignore[attr-defined]

# who is overdue: the job reads only what is open
Index(
    "receivable_open_due",
    RECEIVABLE.c.due_on,
    postgresql_where=RECEIVABLE.c.status == "open",
    sqlite_where=RECEIVABLE.c.status == "open",
)

PLATFORM = platform.tables(Base.metadata)
