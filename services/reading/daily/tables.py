"""The table of daily registers."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, String, Text
from sqlmodel import Field

from services.reading.base import ORG_UNIT, Base, required
from shared.db import columns
from shared.db.columns import table


class DailyRegister(Base, table=True):
    """What was told last of a point that is prepaid on some day. `digest`: of all that was told.

    `prepaid_from`, `prepaid_to`: the prepaid days around `through`, or the next ones; without the first none are to come.
    """

    __tablename__ = "daily_register"
    __table_args__ = (Index("daily_register_prepaid", "prepaid_from", "through"),)

    service_point_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    route_no: str = Field(sa_column=required(columns.No))
    version: int = Field(sa_column=required(Integer))
    period_from: date = Field(sa_column=required(Date))
    through: date = Field(sa_column=required(Date))
    energy: str = Field(sa_column=required(Text))
    read_date: date = Field(sa_column=required(Date))
    prepaid_from: date | None = Field(sa_column=Column(Date))
    prepaid_to: date | None = Field(sa_column=Column(Date))
    digest: str = Field(sa_column=required(String(64)))
    told_at: datetime = Field(sa_column=required(columns.Instant))


DAILY = table(DailyRegister)
