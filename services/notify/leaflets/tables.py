"""The table of leaflets that have travelled."""

from sqlalchemy import Column, SmallInteger, String
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table


class LeafletTold(Base, table=True):
    """With which cause a leaflet went to an account in a year: with one."""

    __tablename__ = "leaflet_told"

    account_no: str = Field(sa_column=columns.key())
    leaflet: str = Field(sa_column=Column(String(32), primary_key=True))
    year: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    cause_id: str = Field(sa_column=Column(columns.No, nullable=False))


LEAFLET_TOLD = table(LeafletTold)
