"""The tables of roll-outs: programmes, the points that they plan, and what failed. What is done is known by installations."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, Text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, Base, required
from shared.db import columns
from shared.db.columns import table


class Rollout(Base, table=True):
    """A roll-out of meters of a type (换装工程). `route_nos` are joined by blanks; none: all routes of the org unit."""

    programme_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    route_nos: str = Field(sa_column=required(Text))
    meter_type: str = Field(sa_column=required(columns.Code))
    planned_count: int = Field(sa_column=required(Integer))
    starts_on: date = Field(sa_column=required(Date))
    ends_on: date = Field(sa_column=required(Date))
    version: int = Field(sa_column=required(Integer))
    __table_args__ = (CheckConstraint("starts_on < ends_on", name="rollout_has_days"),)


class RolloutPoint(Base, table=True):
    """A point of a programme, and by what day it is to have its new meter. `replanned_on`: when it was last planned anew."""

    __tablename__ = "rollout_point"

    programme_no: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=columns.key())
    planned_on: date = Field(sa_column=required(Date))
    withdrawn_for: str | None = Field(sa_column=Column(columns.Code))
    replanned_on: date | None = Field(sa_column=Column(Date))
    version: int = Field(sa_column=required(Integer))
    __table_args__ = (Index("rollout_point_of", "service_point_no"),)


class RolloutFailure(Base, table=True):
    """That the meter of a planned point could not be exchanged on a day, and why; never changed."""

    __tablename__ = "rollout_failure"

    programme_no: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=columns.key())
    failed_on: date = Field(sa_column=Column(Date, primary_key=True))
    reason: str = Field(sa_column=required(columns.Code))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))


class FirstRemoteMeter(Base, table=True):
    """That it was told which first remotely read meter a point has; never told again."""

    __tablename__ = "first_remote_meter"

    service_point_no: str = Field(sa_column=columns.key())
    meter_no: str = Field(sa_column=required(METER_NO))
    fitted_on: date = Field(sa_column=required(Date))
    told_on: date = Field(sa_column=required(Date))


ROLLOUT = table(Rollout)
POINT = table(RolloutPoint)
FAILURE = table(RolloutFailure)
FIRST_REMOTE = table(FirstRemoteMeter)
