"""The tables of parties. Names and addresses, sealed, with their blind indexes, are the only personal data of the product."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, String, Text, text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table

INDEX = String(64)


def _day(*, optional: bool = False) -> Column[date]:
    return Column(Date, nullable=optional)


class Party(Base, table=True):
    """A person, household or firm that is told. `erased_on`: since then nothing says who it was."""

    __tablename__ = "party"

    party_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    kind: str = Field(sa_column=Column(String(16), nullable=False))
    language: str = Field(sa_column=Column(String(8), nullable=False))
    name_sealed: str = Field(sa_column=Column(Text, nullable=False))
    name_index: str = Field(sa_column=Column(INDEX, nullable=False, index=True))
    vulnerable_for: str = Field(sa_column=Column(String(16), nullable=False))
    vulnerable_source: str = Field(sa_column=Column(Text, nullable=False))
    vulnerable_since: date | None = Field(sa_column=_day(optional=True))
    wishes: str = Field(sa_column=Column(Text, nullable=False))
    preferences: str = Field(sa_column=Column(Text, nullable=False, server_default="{}"))
    teller: str = Field(sa_column=Column(columns.No, nullable=False, server_default=""))
    erased_on: date | None = Field(sa_column=_day(optional=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))


class ContactPoint(Base, table=True):
    """Where a party is reached."""

    __tablename__ = "contact_point"

    party_no: str = Field(sa_column=columns.key())
    point_no: str = Field(sa_column=columns.key())
    kind: str = Field(sa_column=Column(String(16), nullable=False))
    address_sealed: str = Field(sa_column=Column(Text, nullable=False))
    address_index: str = Field(sa_column=Column(INDEX, nullable=False, index=True))
    address_since: int = Field(sa_column=Column(Integer, nullable=False))
    valid_from: date = Field(sa_column=_day())
    valid_to: date | None = Field(sa_column=_day(optional=True))


class PartyRole(Base, table=True):
    """What a party is to an account or to a service point, the other one empty, and when."""

    __tablename__ = "party_role"
    __table_args__ = (
        Index(
            "party_role_service_point",
            "service_point_no",
            postgresql_where=text("service_point_no <> ''"),
            sqlite_where=text("service_point_no <> ''"),
        ),
    )

    party_no: str = Field(sa_column=columns.key())
    role: str = Field(sa_column=Column(String(16), primary_key=True))
    account_no: str = Field(sa_column=Column(columns.No, primary_key=True, index=True))
    service_point_no: str = Field(sa_column=columns.key())
    valid_from: date = Field(sa_column=Column(Date, primary_key=True))
    valid_to: date | None = Field(sa_column=_day(optional=True))


class Verification(Base, table=True):
    """A contact point was verified, with the address of that version, for an account or a service point, the other one empty."""

    __tablename__ = "verification"

    party_no: str = Field(sa_column=columns.key())
    point_no: str = Field(sa_column=columns.key())
    address_since: int = Field(sa_column=Column(Integer, primary_key=True))
    account_no: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=columns.key())
    how: str = Field(sa_column=Column(String(16), primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    verified_by: str = Field(sa_column=Column(columns.No, nullable=False))
    at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


PARTY = table(Party)
CONTACT_POINT = table(ContactPoint)
PARTY_ROLE = table(PartyRole)
VERIFICATION = table(Verification)
