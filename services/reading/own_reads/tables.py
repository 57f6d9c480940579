"""The table of own reads that are asked for."""

from datetime import date

from sqlalchemy import Column, Date, Index, text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table

_ASKED = text("state = 'asked'")
_READ = text("read_id IS NOT NULL")


class OwnRead(Base, table=True):
    """An own read (自报) that a customer is asked for, and what became of that; a point has one question at a time."""

    __tablename__ = "own_read"

    request_no: str = Field(sa_column=columns.key())
    question_id: str = Field(sa_column=Column(columns.No, nullable=False, unique=True))
    service_point_no: str = Field(sa_column=required(columns.No))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    read_date: date = Field(sa_column=required(Date))
    meter_no: str = Field(sa_column=required(METER_NO))
    reason: str = Field(sa_column=required(columns.Code))
    asked_by: str = Field(sa_column=required(columns.No))
    asked_on: date = Field(sa_column=required(Date))
    answer_by: date = Field(sa_column=required(Date))
    state: str = Field(sa_column=required(SHORT))
    answered_on: date | None = Field(sa_column=Column(Date))
    way: str | None = Field(sa_column=Column(SHORT))
    recorded_by: str | None = Field(sa_column=Column(columns.No))
    read_id: str | None = Field(sa_column=Column(columns.No))
    code: str | None = Field(sa_column=Column(columns.Code))
    __table_args__ = (
        Index("own_read_list", "asked_on", "request_no"),
        Index("own_read_read", "read_id", postgresql_where=_READ, sqlite_where=_READ),
        Index("own_read_asked", "service_point_no", unique=True, postgresql_where=_ASKED, sqlite_where=_ASKED),
    )


OWN_READ = table(OwnRead)
