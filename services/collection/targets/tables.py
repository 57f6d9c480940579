"""Who collects what, and how much of a month is to be collected by its end."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, Integer, String
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class Team(Base, table=True):
    """The team (催费班组) that collects what an org unit or a route is owed, from a day on until the next row; None: nobody."""

    __tablename__ = "team"

    unit_kind: str = Field(sa_column=Column(columns.Code, primary_key=True))
    unit: str = Field(sa_column=Column(String(160), primary_key=True))
    valid_from: date = Field(sa_column=Column(Date, primary_key=True))
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    team: str | None = Field(sa_column=Column(columns.Code))
    set_by: str = Field(sa_column=Column(columns.No, nullable=False))
    set_on: date = Field(sa_column=Column(Date, nullable=False))


class Target(Base, table=True):
    """How much of what is due of a month a unit is to collect, in basis points; a change is a version of its own."""

    __tablename__ = "target"
    __table_args__ = (CheckConstraint("rate_bp > 0 AND rate_bp <= 10000"),)

    month: str = Field(sa_column=Column(String(7), primary_key=True))
    unit_kind: str = Field(sa_column=Column(columns.Code, primary_key=True))
    unit: str = Field(sa_column=Column(String(160), primary_key=True))
    version: int = Field(sa_column=Column(columns.BigInt, primary_key=True, autoincrement=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    rate_bp: int = Field(sa_column=Column(Integer, nullable=False))
    set_by: str = Field(sa_column=Column(columns.No, nullable=False))
    set_on: date = Field(sa_column=Column(Date, nullable=False))


TEAM = table(Team)
TARGET = table(Target)
