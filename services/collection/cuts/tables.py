"""What must not be cut: service points with a mark, and times of org units."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, String, Text
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class PointMark(Base, table=True):
    """A service point that is never cut (life support), or whose cut the authority is told of (important)."""

    __tablename__ = "point_mark"

    service_point_no: str = Field(sa_column=columns.key())
    kind: str = Field(sa_column=Column(columns.Code, primary_key=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    valid_from: date = Field(sa_column=Column(Date, nullable=False))
    valid_to: date | None = Field(sa_column=Column(Date))
    marked_by: str = Field(sa_column=Column(columns.No, nullable=False))


class CutBan(Base, table=True):
    """A time in which nothing is cut in an org unit and all below it: dangerous weather, say."""

    __tablename__ = "cut_ban"
    __table_args__ = (Index("cut_ban_until", "until"), CheckConstraint("until > from_at"))

    ban_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    from_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    until: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    reason: str = Field(sa_column=Column(columns.Code, nullable=False))
    explanation: str = Field(sa_column=Column(Text, nullable=False))
    banned_by: str = Field(sa_column=Column(columns.No, nullable=False))


MARK = table(PointMark)
BAN = table(CutBan)
