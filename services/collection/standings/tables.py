"""How accounts pay, and who is in hardship."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, Integer, String
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class AccountStanding(Base, table=True):
    """The standing of an account as it was told last, and the figures by which it is judged now.

    `version` orders what is told of it; `judged_on` is the business day as of which a figure of it changed last,
    `due_from` the first due date that counted on that day.
    """

    __tablename__ = "account_standing"

    account_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    standing: str = Field(sa_column=Column(columns.Code, nullable=False))
    since: date = Field(sa_column=Column(Date, nullable=False))
    judged_on: date = Field(sa_column=Column(Date, nullable=False))
    due_from: date = Field(sa_column=Column(Date, nullable=False))
    due_count: int = Field(sa_column=Column(Integer, nullable=False))
    late_count: int = Field(sa_column=Column(Integer, nullable=False))
    owed_late_count: int = Field(sa_column=Column(Integer, nullable=False))


class HardshipMark(Base, table=True):
    """What a person said: this account is in hardship in [valid_from, valid_to). Two of an account never overlap."""

    __tablename__ = "hardship_mark"
    __table_args__ = (CheckConstraint("valid_to IS NULL OR valid_to >= valid_from"),)

    account_no: str = Field(sa_column=columns.key())
    mark_no: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    valid_from: date = Field(sa_column=Column(Date, nullable=False))
    valid_to: date | None = Field(sa_column=Column(Date))
    reason: str = Field(sa_column=Column(columns.Code, nullable=False))
    marked_by: str = Field(sa_column=Column(columns.No, nullable=False))
    ended_by: str | None = Field(sa_column=Column(columns.No))


STANDING = table(AccountStanding)
HARDSHIP_MARK = table(HardshipMark)
