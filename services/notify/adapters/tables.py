"""The tables of the notify service. `contact.address` is the only personal data of the product."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, MetaData, SmallInteger, String, Table, Text, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import columns, platform


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


class Contact(Base, table=True):
    __tablename__ = "contact"

    contact_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    role: str = Field(sa_column=Column(String(16), nullable=False))
    channel: str = Field(sa_column=Column(String(16), nullable=False))
    language: str = Field(sa_column=Column(String(8), nullable=False))
    valid_from: date = Field(sa_column=Column(Date, nullable=False))
    valid_to: date | None = Field(sa_column=Column(Date))
    address: str = Field(sa_column=Column(Text, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))


class Account(Base, table=True):
    """Copy of billing's accounts, from `account changed`."""

    __tablename__ = "account"

    account_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))


class Supply(Base, table=True):
    """Copy of billing's contracts: which account is supplied at which service point, and when."""

    __tablename__ = "supply"

    account_no: str = Field(sa_column=columns.key())
    contract_no: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    valid_from: date = Field(sa_column=Column(Date, nullable=False))
    valid_to: date | None = Field(sa_column=Column(Date))


class Anchor(Base, table=True):
    """A row to lock for an account or a service point that this service may not know yet.

    Who finds a reference missing and who brings it lock the same row, so that neither misses the other.
    """

    __tablename__ = "anchor"

    key: str = Field(sa_column=Column(String(80), primary_key=True))


class Unaddressed(Base, table=True):
    """A cause that could not be turned into notices: it waits for its account or for a contact, or nobody could be told."""

    __tablename__ = "unaddressed"

    cause_id: str = Field(sa_column=columns.key())
    template: str = Field(sa_column=Column(String(32), primary_key=True))
    notice_id: str = Field(sa_column=Column(columns.No, nullable=False))
    cause_kind: str = Field(sa_column=Column(String(16), nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    figures: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(24), nullable=False))
    since: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class Notice(Base, table=True):
    """One message to one contact about one cause, in one template: exactly one row of each, for ever.

    `due_at` is when the sender looks at it again: the next attempt, or while `sending` the end of the lease; NULL when final.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("cause_id", "contact_no", "template", name="notice_once"),
        # the sender's queue: as small as the work that is left
        Index(
            "notice_due",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
    )

    notice_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    contact_no: str = Field(sa_column=Column(columns.No, nullable=False))
    channel: str = Field(sa_column=Column(String(16), nullable=False))
    template: str = Field(sa_column=Column(String(32), nullable=False))
    cause_kind: str = Field(sa_column=Column(String(16), nullable=False))
    cause_id: str = Field(sa_column=Column(columns.No, nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    figures: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))
    attempts: int = Field(sa_column=Column(SmallInteger, nullable=False))
    doubts: int = Field(sa_column=Column(SmallInteger, nullable=False))
    resends: int = Field(sa_column=Column(SmallInteger, nullable=False))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    queued_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    due_at: datetime | None = Field(sa_column=Column(columns.Instant))
    done_at: datetime | None = Field(sa_column=Column(columns.Instant))
    template_version: int | None = Field(sa_column=Column(Integer))
    content_hash: str | None = Field(sa_column=Column(String(64)))


PLATFORM = platform.tables(Base.metadata)


def table(model: type[Base]) -> Table:
    """Return the Core table of a model: stores speak SQLAlchemy Core, never the ORM."""
    found = model.__table__  # type: ignore[attr-defined]
    assert isinstance(found, Table)
    return found
