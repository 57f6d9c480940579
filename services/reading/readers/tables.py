"""The table of who reads and inspects routes, and of deputies."""

from datetime import date

from sqlalchemy import Column, Date, Index, Integer, String
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class ReaderAssignment(Base, table=True):
    """Somebody has a role on a route over [from_day, to_day), or instead of a person: `kind` says which, `of_no` of what."""

    __tablename__ = "reader_assignment"
    __table_args__ = (Index("reader_assignment_subject", "subject"),)

    kind: str = Field(sa_column=Column(SHORT, primary_key=True))
    of_no: str = Field(sa_column=columns.key())
    role: str = Field(sa_column=Column(SHORT, primary_key=True))
    from_day: date = Field(sa_column=Column(Date, primary_key=True))
    assignment_id: str = Field(sa_column=required(String(128)))
    to_day: date | None = Field(sa_column=Column(Date))
    subject: str = Field(sa_column=required(columns.No))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    version: int = Field(sa_column=required(Integer))


ASSIGNMENT = table(ReaderAssignment)
