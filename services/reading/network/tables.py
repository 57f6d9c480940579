"""The tables of the network. The utility's own numbers are the keys; no surrogate stands between a row and its meaning."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Route(Base, table=True):
    """A reading route (抄表段)."""

    route_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    version: int = Field(sa_column=required(Integer))


class RouteReadDay(Base, table=True):
    """From a cycle on: the read day (抄表例日) of a route, in every `months`-th month from `first_month` on.

    With a `service_point_no` that of this point alone, as long as it is on the route; the first row of a route is from 0001-01.
    """

    __tablename__ = "read_day"

    route_no: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=columns.key())
    from_cycle: str = Field(sa_column=Column(String(7), primary_key=True))
    read_day: int = Field(sa_column=required(SmallInteger))
    months: int = Field(sa_column=required(SmallInteger))
    first_month: int = Field(sa_column=required(SmallInteger))


class ServicePoint(Base, table=True):
    """Where energy is delivered. Its row is what everything that publishes under its key locks.

    `connection_kw`: the most that its connection can carry, where it is known. `watched_from`: reads of later days may change
    what was told, even where no period ends. `curved`: its bills need load curves. `paced`: a contract has cycles of several
    months. `daily`: what runs each day is told of it (1), and is to be told (2). `access_notes`: codes joined by blanks.
    """

    __tablename__ = "service_point"
    __table_args__ = (
        Index(
            "service_point_daily_due",
            "service_point_no",
            postgresql_where=text("daily = 2"),
            sqlite_where=text("daily = 2"),
        ),
    )

    service_point_no: str = Field(sa_column=columns.key())
    route_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    connection_kw: int | None = Field(sa_column=Column(Integer))
    walk_order: int | None = Field(sa_column=Column(Integer))
    access_notes: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    version: int = Field(sa_column=required(Integer))
    watched_from: date | None = Field(sa_column=Column(Date))
    curved: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    paced: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    daily: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))


class Meter(Base, table=True):
    """A meter as it was last put: what installations made from now on have.

    `registers`: JSON list of [quantity, digits, scale], of one that is not cumulative and counting up also kind and direction.
    """

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    registers: str = Field(sa_column=required(Text))
    numerator: int = Field(sa_column=required(Integer))
    denominator: int = Field(sa_column=required(Integer))
    version: int = Field(sa_column=required(Integer))
    meter_type: str | None = Field(sa_column=Column(columns.Code))


class Installation(Base, table=True):
    """A meter on a service point over [installed_on, removed_on), with registers and multiplier of its own.

    Faces at both ends are counts joined by commas. `annulled`: it never was; the row keeps the key and the version.
    """

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    installed_on: date = Field(sa_column=Column(Date, primary_key=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    removed_on: date | None = Field(sa_column=Column(Date))
    opening: str = Field(sa_column=required(Text))
    closing: str | None = Field(sa_column=Column(Text))
    registers: str = Field(sa_column=required(Text))
    numerator: int = Field(sa_column=required(Integer))
    denominator: int = Field(sa_column=required(Integer))
    version: int = Field(sa_column=required(Integer))
    annulled: int = Field(sa_column=required(SmallInteger))


class InstallationVersion(Base, table=True):
    """An installation as it stood from a change on: `kind` says which, `reason` why where a person corrected it."""

    __tablename__ = "installation_version"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    installed_on: date = Field(sa_column=Column(Date, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    kind: str = Field(sa_column=required(SHORT))
    service_point_no: str = Field(sa_column=required(columns.No))
    removed_on: date | None = Field(sa_column=Column(Date))
    opening: str = Field(sa_column=required(Text))
    closing: str | None = Field(sa_column=Column(Text))
    registers: str = Field(sa_column=required(Text))
    numerator: int = Field(sa_column=required(Integer))
    denominator: int = Field(sa_column=required(Integer))
    reason: str = Field(sa_column=required(columns.Code))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))


class Device(Base, table=True):
    """A device or head-end (采集主站): pushes for one meter, or for all meters of its org unit and below."""

    device_id: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    meter_no: str | None = Field(sa_column=Column(METER_NO))
    active: int = Field(sa_column=required(SmallInteger))
    version: int = Field(sa_column=required(Integer))


class DeviceMeter(Base, table=True):
    """That an active device was that of a meter over [from_day, to_day), days on which it was put so."""

    __tablename__ = "device_meter"

    device_id: str = Field(sa_column=columns.key())
    from_day: date = Field(sa_column=Column(Date, primary_key=True))
    to_day: date | None = Field(sa_column=Column(Date))
    meter_no: str = Field(sa_column=Column(METER_NO, nullable=False, index=True))


class DeviceKey(Base, table=True):
    """A key of a device: no secret, but what one is derived from. `ends_at`: replaced, or revoked."""

    __tablename__ = "device_key"

    device_id: str = Field(sa_column=columns.key())
    key_id: str = Field(sa_column=columns.key())
    made_at: datetime = Field(sa_column=required(columns.Instant))
    made_by: str = Field(sa_column=required(columns.No))
    ends_at: datetime | None = Field(sa_column=Column(columns.Instant))


ROUTE = table(Route)
READ_DAY = table(RouteReadDay)
POINT = table(ServicePoint)
METER = table(Meter)
INSTALLATION = table(Installation)
INSTALLATION_VERSION = table(InstallationVersion)
DEVICE = table(Device)
DEVICE_METER = table(DeviceMeter)
DEVICE_KEY = table(DeviceKey)
