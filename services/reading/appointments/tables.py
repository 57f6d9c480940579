"""The table of appointments."""

from datetime import date

from sqlalchemy import Column, Date, Index, String
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Appointment(Base, table=True):
    """An appointment (待期补抄预约) as it was proposed, and what became of the proposal; its visit is a site order."""

    appointment_no: str = Field(sa_column=columns.key())
    appointment_id: str = Field(sa_column=Column(columns.No, nullable=False, unique=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    visit_on: date = Field(sa_column=required(Date))
    from_time: str = Field(sa_column=required(String(5)))
    to_time: str = Field(sa_column=required(String(5)))
    reader: str | None = Field(sa_column=Column(columns.No))
    proposed_by: str = Field(sa_column=required(SHORT))
    asked_by: str = Field(sa_column=required(columns.No))
    asked_on: date = Field(sa_column=required(Date))
    answer_by: date | None = Field(sa_column=Column(Date))
    state: str = Field(sa_column=required(SHORT))
    answered_on: date | None = Field(sa_column=Column(Date))
    way: str | None = Field(sa_column=Column(SHORT))
    recorded_by: str | None = Field(sa_column=Column(columns.No))
    closed_for: str | None = Field(sa_column=Column(columns.Code))
    __table_args__ = (Index("appointment_list", "visit_on", "appointment_no"),)


APPOINTMENT = table(Appointment)
