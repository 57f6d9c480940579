"""The tables of scorecards, of the rows that they count, and of what billing has corrected."""

from datetime import date

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Scorecard(Base, table=True):
    """The scorecard (考核结果) of a reader on a route in a month, made once; an empty reader: nobody's.

    Points may be of another org unit than their route: what is theirs is a scorecard of its own.
    """

    __tablename__ = "scorecard"
    __table_args__ = (Index("scorecard_reader", "month", "reader", "route_no"),)

    month: str = Field(sa_column=Column(String(7), primary_key=True))
    route_no: str = Field(sa_column=columns.key())
    reader: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(ORG_UNIT, primary_key=True))
    made_on: date = Field(sa_column=required(Date))
    expected: int = Field(sa_column=required(Integer))
    early: int = Field(sa_column=required(Integer))
    on_time: int = Field(sa_column=required(Integer))
    late: int = Field(sa_column=required(Integer))
    unread: int = Field(sa_column=required(Integer))
    open: int = Field(sa_column=required(Integer))
    read_by_others: int = Field(sa_column=required(Integer))
    estimated: int = Field(sa_column=required(Integer))
    missed: int = Field(sa_column=required(Integer))
    wrong: int = Field(sa_column=required(Integer))
    serious: int = Field(sa_column=required(Integer))
    fixed_same_day: int = Field(sa_column=required(Integer))
    fix_days: int = Field(sa_column=required(Integer))
    disputes_confirmed: int = Field(sa_column=required(Integer))


class ScorecardRow(Base, table=True):
    """What a scorecard counts, once for ever. `details`: JSON object of what a person wants to see beside it."""

    __tablename__ = "scorecard_row"
    __table_args__ = (
        Index("scorecard_row_route", "month", "route_no", "kind", "subject"),
        Index("scorecard_row_reader", "month", "reader", "kind", "subject"),
        Index("scorecard_row_point", "service_point_no", "day"),
    )

    kind: str = Field(sa_column=Column(SHORT, primary_key=True))
    subject: str = Field(sa_column=Column(String(160), primary_key=True))
    month: str = Field(sa_column=required(String(7)))
    route_no: str = Field(sa_column=required(columns.No))
    reader: str = Field(sa_column=required(columns.No))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    service_point_no: str = Field(sa_column=required(columns.No))
    day: date = Field(sa_column=required(Date))
    ended: str | None = Field(sa_column=Column(SHORT))
    status: str | None = Field(sa_column=Column(SHORT))
    read_by: str | None = Field(sa_column=Column(columns.No))
    fault: str | None = Field(sa_column=Column(SHORT))
    serious: int = Field(sa_column=required(SmallInteger))
    fix_days: int | None = Field(sa_column=Column(SmallInteger))
    details: str = Field(sa_column=required(Text))


class CorrectedBill(Base, table=True):
    """By how much a correction has changed the bill of a point that ended on a day."""

    __tablename__ = "corrected_bill"

    correction_id: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=columns.key())
    day: date = Field(sa_column=Column(Date, primary_key=True))
    corrected_on: date = Field(sa_column=Column(Date, nullable=False, index=True))
    reason: str = Field(sa_column=required(columns.Code))
    amount_fen: int = Field(sa_column=required(columns.BigInt))


CARD = table(Scorecard)
ROW = table(ScorecardRow)
CORRECTED_BILL = table(CorrectedBill)
