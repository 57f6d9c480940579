"""The tables of read days that are to be moved."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, SmallInteger, String, Text
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class ReadDayRequest(Base, table=True):
    """A request for another read day; it never changes. `points`: JSON list of those that were named, empty: all of the route."""

    __tablename__ = "read_day_request"

    request_no: str = Field(sa_column=columns.key())
    route_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    points: str = Field(sa_column=required(Text))
    read_day: int = Field(sa_column=required(SmallInteger))
    months: int = Field(sa_column=required(SmallInteger))
    first_month: int = Field(sa_column=required(SmallInteger))
    from_cycle: str = Field(sa_column=required(String(7)))
    visit_on: date | None = Field(sa_column=Column(Date))
    from_time: str | None = Field(sa_column=Column(String(5)))
    to_time: str | None = Field(sa_column=Column(String(5)))
    reason: str = Field(sa_column=required(columns.Code))
    explanation: str = Field(sa_column=required(Text))
    requested_by: str = Field(sa_column=required(columns.No))
    asked_on: date = Field(sa_column=required(Date))
    answer_by: date = Field(sa_column=required(Date))


class ReadDayProposal(Base, table=True):
    """What a request asks for one service point, and what became of it; the key is the id of the question to its customer."""

    __tablename__ = "read_day_proposal"

    question_id: str = Field(sa_column=columns.key())
    request_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    route_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    now_on: date = Field(sa_column=required(Date))
    first_on: date = Field(sa_column=required(Date))
    state: str = Field(sa_column=required(SHORT))
    answer: str | None = Field(sa_column=Column(columns.Code))
    answered_on: date | None = Field(sa_column=Column(Date))
    way: str | None = Field(sa_column=Column(SHORT))
    recorded_by: str | None = Field(sa_column=Column(columns.No))
    closed_for: str | None = Field(sa_column=Column(columns.Code))
    __table_args__ = (CheckConstraint("state <> 'effective' OR answer = 'yes'", name="read_day_proposal_is_confirmed"),)


REQUEST = table(ReadDayRequest)
PROPOSAL = table(ReadDayProposal)
