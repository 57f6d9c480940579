"""The table of findings of conduct."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, String, Text
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class ConductFinding(Base, table=True):
    """What a rule has found; `numbers`: JSON object of what it compared. `reader`: whose conduct it is, never who decides."""

    __tablename__ = "conduct_finding"
    __table_args__ = (
        CheckConstraint(
            "decided_by IS NULL OR reader IS NULL OR decided_by <> reader", name="conduct_finding_two_people"
        ),
        Index("conduct_finding_route", "route_no", "read_date"),
        Index("conduct_finding_state", "state"),
        Index("conduct_finding_subject", "subject"),
    )

    finding_id: str = Field(sa_column=Column(String(256), primary_key=True))
    rule: str = Field(sa_column=required(columns.Code))
    subject_kind: str = Field(sa_column=required(SHORT))
    subject: str = Field(sa_column=required(columns.No))
    reader: str | None = Field(sa_column=Column(columns.No))
    route_no: str = Field(sa_column=required(columns.No))
    read_date: date = Field(sa_column=required(Date))
    cycle: str = Field(sa_column=required(String(7)))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    numbers: str = Field(sa_column=required(Text))
    state: str = Field(sa_column=required(SHORT))
    found_on: date = Field(sa_column=required(Date))
    decided_by: str | None = Field(sa_column=Column(columns.No))
    explanation: str | None = Field(sa_column=Column(columns.Code))
    version: int = Field(sa_column=required(Integer))


FINDING = table(ConductFinding)
