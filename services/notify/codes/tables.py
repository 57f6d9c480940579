"""The table of codes that were sent to contact points."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table

_DUE = text("due_at IS NOT NULL")


class PointCode(Base, table=True):
    """A code for a contact point, with the address of that version, and what it verifies that for: accounts and service points.

    `code_sealed`: the code itself, until it was sent. `code_hash`: by what an answer is known, until there was the right one.
    `due_at`: when it is sent, or, while it is, sent again; NULL once it is out of our hands. `code`: why it came to nothing.
    """

    __tablename__ = "point_code"
    __table_args__ = (
        Index("point_code_point", "party_no", "point_no", "asked_on"),
        Index("point_code_due", "due_at", postgresql_where=_DUE, sqlite_where=_DUE),
    )

    code_id: str = Field(sa_column=columns.key())
    party_no: str = Field(sa_column=Column(columns.No, nullable=False))
    point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    address_since: int = Field(sa_column=Column(Integer, nullable=False))
    places: str = Field(sa_column=Column(Text, nullable=False))
    code_sealed: str = Field(sa_column=Column(Text, nullable=False))
    code_hash: str = Field(sa_column=Column(String(64), nullable=False))
    channel: str = Field(sa_column=Column(String(16), nullable=False))
    gateway: str = Field(sa_column=Column(String(16), nullable=False))
    reference: str = Field(sa_column=Column(String(128), nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    sends: int = Field(sa_column=Column(SmallInteger, nullable=False))
    wrong: int = Field(sa_column=Column(SmallInteger, nullable=False))
    asked_by: str = Field(sa_column=Column(columns.No, nullable=False))
    asked_on: date = Field(sa_column=Column(Date, nullable=False))
    asked_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    expires_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    due_at: datetime | None = Field(sa_column=Column(columns.Instant))


POINT_CODE = table(PointCode)
