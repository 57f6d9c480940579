"""The books. What is posted (ledger, allocations) is only ever added to: triggers and the role's rights hold that."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, String, UniqueConstraint, text
from sqlmodel import Field

from services.collection.base import Base
from services.collection.ledger.domain.documents import OPEN
from shared.db import columns
from shared.db.columns import table
from shared.db.rights import APPEND_ONLY

_CLOSED = text("closed_on IS NOT NULL")


class Account(Base, table=True):
    """A copy of billing's account, its prepaid balance and the last day of which something moved.

    Its row is the lock of the customer's books.
    """

    __tablename__ = "account"
    __table_args__ = (
        # of whom money or a debt is left
        Index("account_closed", "account_no", postgresql_where=_CLOSED, sqlite_where=_CLOSED),
    )

    account_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    customer_class: str = Field(sa_column=Column(columns.Code, nullable=False))
    opened_on: date = Field(sa_column=Column(Date, nullable=False))
    closed_on: date | None = Field(sa_column=Column(Date))
    prepaid_fen: int = Field(sa_column=Column(columns.Amount, nullable=False, server_default="0"))
    moved_on: date | None = Field(sa_column=Column(Date))


class Receivable(Base, table=True):
    __tablename__ = "receivable"
    __table_args__ = (
        UniqueConstraint("document_id", "document_kind", name="receivable_document"),
        Index("receivable_account", "account_no"),
        Index("receivable_month", "month", "receivable_id"),
        Index("receivable_cycle", "cycle", "receivable_id"),
        Index("receivable_moved", "moved_on"),  # what was open on a day that is past
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
    service_point_no: str | None = Field(sa_column=Column(columns.No))
    route_no: str | None = Field(sa_column=Column(columns.No))
    customer_class: str | None = Field(sa_column=Column(columns.Code))
    month: str | None = Field(sa_column=Column(String(7)))
    posted_on: date | None = Field(sa_column=Column(Date))
    moved_on: date | None = Field(sa_column=Column(Date))
    reversed_on: date | None = Field(sa_column=Column(Date))


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
    __table_args__ = (
        Index("allocation_credit", "credit_id"),
        Index("allocation_receivable", "receivable_id"),
        {"info": APPEND_ONLY},
    )

    allocation_id: str = Field(sa_column=columns.key())
    credit_id: str = Field(sa_column=Column(columns.No, nullable=False))
    receivable_id: str = Field(sa_column=Column(columns.No, nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    made_on: date = Field(sa_column=Column(Date, nullable=False))
    counts_on: date | None = Field(sa_column=Column(Date))
    cause_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    cause_id: str = Field(sa_column=Column(columns.No, nullable=False))


class LedgerTransaction(Base, table=True):
    __tablename__ = "ledger_transaction"
    __table_args__ = (
        UniqueConstraint("document_id", "document_kind", "kind", "accounting_date", name="ledger_transaction_document"),
        Index("ledger_transaction_account", "account_no", "accounting_date"),
        # each side is summed on its own: where they differ the transaction does not sum to 0 fen
        CheckConstraint("debit_fen = credit_fen", name="ledger_transaction_balances"),
        {"info": APPEND_ONLY},
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
    __table_args__ = ({"info": APPEND_ONLY},)

    transaction_id: str = Field(sa_column=columns.key())
    line_no: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    ledger_account: str = Field(sa_column=Column(String(32), nullable=False))
    component: str = Field(sa_column=Column(columns.Code, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))


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


class LateSettlement(Base, table=True):
    """An account of which something was settled late, or is not any more, since its late fees were calculated last."""

    __tablename__ = "late_settlement"

    account_no: str = Field(sa_column=columns.key())
    since: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class ClosedMonth(Base, table=True):
    __tablename__ = "closed_month"

    month: str = Field(sa_column=Column(String(7), primary_key=True))
    closed_by: str = Field(sa_column=Column(columns.No, nullable=False))
    closed_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class LedgerSubtotal(Base, table=True):
    """A part of what counts of a ledger account on a day: rows are added, and folded into one of each key."""

    __tablename__ = "ledger_subtotal"
    __table_args__ = (Index("ledger_subtotal_day", "accounting_date"), {"sqlite_autoincrement": True})

    position: int = Field(sa_column=Column(columns.BigInt, primary_key=True, autoincrement=True))
    accounting_date: date = Field(sa_column=Column(Date, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    ledger_account: str = Field(sa_column=Column(String(32), nullable=False))
    debit_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    credit_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    entry_count: int = Field(sa_column=Column(Integer, nullable=False))


class RecoverySubtotal(Base, table=True):
    """A part of what became due of a month, or was collected of it, on a day: rows are added, and folded into one of each key."""

    __tablename__ = "recovery_subtotal"
    __table_args__ = (
        Index("recovery_subtotal_month", "month", "counts_on"),
        Index("recovery_subtotal_day", "counts_on"),
        {"sqlite_autoincrement": True},
    )

    position: int = Field(sa_column=Column(columns.BigInt, primary_key=True, autoincrement=True))
    month: str = Field(sa_column=Column(String(7), nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    route_no: str = Field(sa_column=Column(columns.No, nullable=False))
    customer_class: str = Field(sa_column=Column(columns.Code, nullable=False))
    counts_on: date = Field(sa_column=Column(Date, nullable=False))
    due_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    due_count: int = Field(sa_column=Column(Integer, nullable=False))
    collected_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    collected_count: int = Field(sa_column=Column(Integer, nullable=False))


ACCOUNT = table(Account)
LEDGER_SUBTOTAL = table(LedgerSubtotal)
RECOVERY_SUBTOTAL = table(RecoverySubtotal)
RECEIVABLE = table(Receivable)
CREDIT = table(Credit)
ALLOCATION = table(Allocation)
TRANSACTION = table(LedgerTransaction)
ENTRY = table(LedgerEntry)
FINDING = table(Finding)
CLOSED_MONTH = table(ClosedMonth)
LATE_SETTLEMENT = table(LateSettlement)

# what a dispute that is told later has held: only what was settled late can have a late fee
Index(
    "receivable_settled_late",
    RECEIVABLE.c.service_point_no,
    RECEIVABLE.c.cycle,
    postgresql_where=RECEIVABLE.c.cleared_on > RECEIVABLE.c.due_on,
    sqlite_where=RECEIVABLE.c.cleared_on > RECEIVABLE.c.due_on,
)
# who is overdue: the job reads only what is open
Index(
    "receivable_open_due",
    RECEIVABLE.c.due_on,
    postgresql_where=RECEIVABLE.c.status == OPEN,
    sqlite_where=RECEIVABLE.c.status == OPEN,
)
