"""The copy of billing's accounts and contracts, and the rows that stand for what may not be known yet."""

from datetime import date

from sqlalchemy import Column, Date, Integer, String
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table


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


class AccountStanding(Base, table=True):
    """Copy of how accounts pay, from `account standing changed`; one may come before its account."""

    __tablename__ = "account_standing"

    account_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    standing: str = Field(sa_column=Column(columns.Code, nullable=False))
    since: date = Field(sa_column=Column(Date, nullable=False))
    owed_late_count: int = Field(sa_column=Column(Integer, nullable=False))


class Anchor(Base, table=True):
    """A row to lock for an account or a service point that this service may not know yet.

    Who finds a reference missing and who brings it lock the same row, so that neither misses the other.
    """

    __tablename__ = "anchor"

    key: str = Field(sa_column=Column(String(80), primary_key=True))


ACCOUNT = table(Account)
SUPPLY = table(Supply)
STANDING = table(AccountStanding)
ANCHOR = table(Anchor)
