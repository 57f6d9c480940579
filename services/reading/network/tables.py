"""The tables of the network. The utility's own numbers are the keys; no surrogate stands between a row and its meaning."""

from datetime import date

from sqlalchemy import Column, Date, Integer, SmallInteger, Text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, Base, required
from shared.db import columns
from shared.db.columns import table


class Route(Base, table=True):
    """A reading route (抄表段) with its fixed read day (抄表例日)."""

    route_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    read_day: int = Field(sa_column=required(SmallInteger))
    version: int = Field(sa_column=required(Integer))


class ServicePoint(Base, table=True):
    """Where energy is delivered. Its row is what everything that publishes under its key locks."""

    __tablename__ = "service_point"

    service_point_no: str = Field(sa_column=columns.key())
    route_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    version: int = Field(sa_column=required(Integer))


class Meter(Base, table=True):
    """`registers`: JSON list of [quantity, digits, scale]; fixed once the meter was installed."""

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    registers: str = Field(sa_column=required(Text))
    numerator: int = Field(sa_column=required(Integer))
    denominator: int = Field(sa_column=required(Integer))
    version: int = Field(sa_column=required(Integer))


class Installation(Base, table=True):
    """A meter on a service point over [installed_on, removed_on). Faces at both ends as counts joined by commas."""

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    installed_on: date = Field(sa_column=Column(Date, primary_key=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    removed_on: date | None = Field(sa_column=Column(Date))
    opening: str = Field(sa_column=required(Text))
    closing: str | None = Field(sa_column=Column(Text))


class Device(Base, table=True):
    """A device or head-end (采集主站): pushes for one meter, or for all meters of its org unit and below."""

    device_id: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    meter_no: str | None = Field(sa_column=Column(METER_NO))
    key_version: int = Field(sa_column=required(Integer))
    active: int = Field(sa_column=required(SmallInteger))
    version: int = Field(sa_column=required(Integer))


ROUTE = table(Route)
POINT = table(ServicePoint)
METER = table(Meter)
INSTALLATION = table(Installation)
DEVICE = table(Device)
