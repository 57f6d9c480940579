"""The reading service's tables. The utility's own numbers are the keys; no surrogate stands between a row and its meaning."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Date, Index, Integer, MetaData, SmallInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import columns, platform

METER_NO_MAX = 40  # so that a read's id, which spells its natural key, fits in 64 characters
METER_NO = String(METER_NO_MAX)
ORG_UNIT = String(128)
SHORT = String(16)


class Base(SQLModel, registry=registry()):
    metadata: ClassVar[MetaData] = MetaData()


def required(kind: Any) -> Column[Any]:
    return Column(kind, nullable=False)


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


class Contract(Base, table=True):
    """Billing's contract, copied from its facts: its first and last day cut usage periods."""

    contract_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=required(columns.No))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    starts_on: date = Field(sa_column=required(Date))
    ends_on: date | None = Field(sa_column=Column(Date))
    version: int = Field(sa_column=required(Integer))


class RouteCycle(Base, table=True):
    """One route in one cycle, with the control totals of its closing."""

    __tablename__ = "route_cycle"

    route_no: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=Column(String(7), primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    read_date: date = Field(sa_column=required(Date))
    closed_on: date | None = Field(sa_column=Column(Date))
    expected: int = Field(sa_column=required(Integer))
    actual: int = Field(sa_column=required(Integer))
    estimated: int = Field(sa_column=required(Integer))
    missed: int = Field(sa_column=required(Integer))
    usages: int = Field(sa_column=required(Integer))
    sum_wh: int = Field(sa_column=required(columns.BigInt))


class Task(Base, table=True):
    """A reading task (抄表任务): read this service point for this date.

    `kind`: cycle, or cut (a contract begins or ends). `status`: open; suspect (there is a read, but it runs backwards); read;
    estimated; missed; skipped (a cut without a read). `import_wh`: of version 1 of its usage, for the totals of the route.
    `reread`: a reviewer asked for it, the next read replaces this one even if it is no better.
    """

    service_point_no: str = Field(sa_column=columns.key())
    read_date: date = Field(sa_column=Column(Date, primary_key=True))
    route_no: str = Field(sa_column=required(columns.No))
    cycle: str = Field(sa_column=required(String(7)))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    kind: str = Field(sa_column=required(SHORT))
    status: str = Field(sa_column=required(SHORT))
    usage_id: str | None = Field(sa_column=Column(columns.No))
    import_wh: int | None = Field(sa_column=Column(columns.BigInt))
    reread: int = Field(sa_column=required(SmallInteger))
    # a task is updated once, without changing a key: room on the page keeps that update out of the indexes
    __table_args__ = (Index("task_route_cycle", "route_no", "cycle"), {"postgresql_with": {"fillfactor": 60}})


class UnreadReason(Base, table=True):
    """Why a point could not be read for a task's date, as the reader says; `task_id` is point and date joined by `~`."""

    __tablename__ = "unread_reason"

    task_id: str = Field(sa_column=Column(String(80), primary_key=True))
    service_point_no: str = Field(sa_column=required(columns.No))
    read_date: date = Field(sa_column=required(Date))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    reason: str = Field(sa_column=required(columns.No))
    noted_by: str = Field(sa_column=required(columns.No))
    version: int = Field(sa_column=required(Integer))


class Reading(Base, table=True):
    """One register of one read, as it was received; never changed. The natural key is the key."""

    __tablename__ = "read"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    read_at: datetime = Field(sa_column=Column(columns.Instant, primary_key=True))
    source: str = Field(sa_column=Column(SHORT, primary_key=True))
    quantity: str = Field(sa_column=Column(String(32), primary_key=True))
    count: int = Field(sa_column=required(columns.BigInt))
    upload_id: str = Field(sa_column=required(columns.No))
    reader: str | None = Field(sa_column=Column(columns.No))


class Correction(Base, table=True):
    """The edited value of a read; the highest number of a read is in force."""

    __tablename__ = "read_correction"

    read_id: str = Field(sa_column=columns.key())
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    counts: str = Field(sa_column=required(Text))
    reason: str = Field(sa_column=required(columns.Code))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))


class Usage(Base, table=True):
    """The energy of a service point over a period; version n+1 replaces n whole.

    `energy`: JSON, Wh by quantity. `closing_*`: the registers at the end, cumulative, joined by commas, from which the next
    period goes on. Lists (`read_ids`, `meter_nos`, `actors`, `findings`) are joined by spaces; `actors` are those of both ends.
    """

    usage_id: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=required(columns.No))
    period_from: date = Field(sa_column=required(Date))
    period_to: date = Field(sa_column=required(Date))
    version: int = Field(sa_column=required(Integer))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    route_no: str = Field(sa_column=required(columns.No))
    cycle: str = Field(sa_column=required(String(7)))
    quality: str = Field(sa_column=required(SHORT))
    energy: str = Field(sa_column=required(Text))
    import_wh: int = Field(sa_column=required(columns.BigInt))
    closing_meter: str = Field(sa_column=required(METER_NO))
    closing_counts: str = Field(sa_column=required(Text))
    closing_source: str = Field(sa_column=required(SHORT))
    closing_actors: str = Field(sa_column=required(Text))
    actors: str = Field(sa_column=required(Text))
    read_ids: str = Field(sa_column=required(Text))
    meter_nos: str = Field(sa_column=required(Text))
    findings: str = Field(sa_column=required(Text))
    estimate_reason: str | None = Field(sa_column=Column(columns.Code))
    estimates_in_a_row: int = Field(sa_column=required(SmallInteger))
    settles_estimate: int = Field(sa_column=required(SmallInteger))
    replaces_reason: str | None = Field(sa_column=Column(columns.Code))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (UniqueConstraint("service_point_no", "period_from", "version", name="usage_natural_key"),)


class Finding(Base, table=True):
    """A coded finding of validation; `numbers`: JSON object of what the rule compared."""

    finding_id: str = Field(sa_column=columns.key())
    entity_kind: str = Field(sa_column=required(SHORT))
    entity_id: str = Field(sa_column=required(String(96)))
    code: str = Field(sa_column=required(columns.Code))
    service_point_no: str = Field(sa_column=required(columns.No))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    cycle: str = Field(sa_column=required(String(7)))
    numbers: str = Field(sa_column=required(Text))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (UniqueConstraint("entity_kind", "entity_id", "code", name="finding_natural_key"),)


class Upload(Base, table=True):
    """What one request brought for one cycle, counted: received = accepted + already + conflicting + refused."""

    upload_id: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=Column(String(7), primary_key=True, index=True))
    kind: str = Field(sa_column=required(SHORT))
    uploader: str = Field(sa_column=required(columns.No))
    message_id: str = Field(sa_column=required(columns.No))
    received_at: datetime = Field(sa_column=required(columns.Instant))
    received: int = Field(sa_column=required(Integer))
    accepted: int = Field(sa_column=required(Integer))
    already_accepted: int = Field(sa_column=required(Integer))
    conflicting: int = Field(sa_column=required(Integer))
    refused: int = Field(sa_column=required(Integer))


class Curve(Base, table=True):
    """A day curve (负荷曲线) of one quantity.

    `values` are Wh per interval, multiplier applied, joined by commas; nothing between two commas: missing.
    """

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    quantity: str = Field(sa_column=Column(String(32), primary_key=True))
    interval_minutes: int = Field(sa_column=required(SmallInteger))
    values: str = Field(sa_column=required(Text))
    missing: int = Field(sa_column=required(SmallInteger))
    upload_id: str = Field(sa_column=required(columns.No))


class Reread(Base, table=True):
    """A reviewer's request to read a service point again; `answered_by` is the read that did."""

    request_id: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    bill_id: str = Field(sa_column=required(columns.No))
    cycle: str = Field(sa_column=required(String(7)))
    reason: str = Field(sa_column=required(columns.Code))
    requested_by: str = Field(sa_column=required(columns.No))
    status: str = Field(sa_column=required(SHORT))
    answered_by: str | None = Field(sa_column=Column(String(96)))


PLATFORM = platform.tables(Base.metadata)
