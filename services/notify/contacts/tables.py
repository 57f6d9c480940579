"""The table of contacts. `contact.address` is the only personal data of the product."""

from datetime import date

from sqlalchemy import Column, Date, Integer, String, Text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table


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
    address_since: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


CONTACT = table(Contact)
