"""The table of doors. Their addresses are sealed, as those of contact points are."""

from datetime import date

from sqlalchemy import Column, Date, Integer, String, Text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table


class DoorRow(Base, table=True):
    """The address of a service point, and by whom it was checked. `checked_on`: null once a letter came back from it."""

    __tablename__ = "door"

    service_point_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    address_sealed: str = Field(sa_column=Column(Text, nullable=False))
    address_since: int = Field(sa_column=Column(Integer, nullable=False))
    how: str = Field(sa_column=Column(String(16), nullable=False))
    checked_on: date | None = Field(sa_column=Column(Date))
    checked_by: str = Field(sa_column=Column(columns.No, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))


DOOR = table(DoorRow)
