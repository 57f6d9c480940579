"""The tables of reads, of what was corrected in them, of the uploads that brought them, of day curves, and of what waits."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table

_OWN = text("source = 'self'")
READER_IS_NOT_UPLOADER = "reader IS NULL OR (uploader IS NOT NULL AND uploader <> reader)"


class Reading(Base, table=True):
    """One register of one read, as it was received; never changed. The natural key is the key.

    `uploader`: who brought it, kept where a reader is named: both stand in one row, and are two people.
    """

    __tablename__ = "read"
    __table_args__ = (
        CheckConstraint(READER_IS_NOT_UPLOADER, name="read_reader_is_not_uploader"),
        Index("read_upload", "upload_id"),
        Index("read_own", "read_at", "meter_no", postgresql_where=_OWN, sqlite_where=_OWN),  # customers' own: few
    )

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    read_at: datetime = Field(sa_column=Column(columns.Instant, primary_key=True))
    source: str = Field(sa_column=Column(SHORT, primary_key=True))
    quantity: str = Field(sa_column=Column(String(32), primary_key=True))
    count: int = Field(sa_column=required(columns.BigInt))
    upload_id: str = Field(sa_column=required(columns.No))
    reader: str | None = Field(sa_column=Column(columns.No))
    uploader: str | None = Field(sa_column=Column(columns.No))


class Correction(Base, table=True):
    """The edited value of a read, or its annulment; the highest number of a read is in force.

    `reader`: who saw what the registers show, where it is said; never who enters it (`actor`).
    `found_on`: the day on which it was found to be wrong, where that was before the correction.
    `turns`: how often each register has passed its last number since the known one before, as JSON by quantity; empty: not said.
    """

    __tablename__ = "read_correction"
    __table_args__ = (CheckConstraint("reader IS NULL OR reader <> actor", name="read_correction_reader_is_not_actor"),)

    read_id: str = Field(sa_column=columns.key())
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    kind: str = Field(sa_column=Column(SHORT, nullable=False, server_default="edited"))
    counts: str = Field(sa_column=required(Text))
    turns: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    confirmed: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    reason: str = Field(sa_column=required(columns.Code))
    reader: str | None = Field(sa_column=Column(columns.No))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False, index=True))
    meter_no: str = Field(sa_column=Column(METER_NO, nullable=False, server_default="", index=True))
    found_on: date | None = Field(sa_column=Column(Date))


class Waiting(Base, table=True):
    """A read of a meter that stood nowhere on its day, as far as is known; it goes when an installation covers that day."""

    __tablename__ = "waiting_read"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    read_at: datetime = Field(sa_column=Column(columns.Instant, primary_key=True))
    source: str = Field(sa_column=Column(SHORT, primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    waiting_since: datetime = Field(sa_column=Column(columns.Instant, nullable=False, index=True))


class WaitingCurve(Base, table=True):
    """A day curve of a meter that stood nowhere on that day, as far as is known; it goes when an installation covers the day."""

    __tablename__ = "waiting_curve"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    quantity: str = Field(sa_column=Column(String(32), primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    waiting_since: datetime = Field(sa_column=Column(columns.Instant, nullable=False, index=True))


class Upload(Base, table=True):
    """What one request brought for one cycle, counted: received = accepted + waiting + already + conflicting + refused."""

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
    waiting: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


class Curve(Base, table=True):
    """A version of a day curve (负荷曲线) of one quantity, as it was received; never changed, but for what is judged
    to be more than the point can use when a curve has waited for its installation.

    `values` are Wh by slot, multiplier applied, joined by commas: nothing between two commas is a missing one, an `e` behind
    a value an estimated one, an `s` one that is more than the point can use.
    """

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    quantity: str = Field(sa_column=Column(String(32), primary_key=True))
    version: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    interval_minutes: int = Field(sa_column=required(SmallInteger))
    values: str = Field(sa_column=required(Text))
    upload_id: str = Field(sa_column=required(columns.No))


READ = table(Reading)
CORRECTION = table(Correction)
WAITING = table(Waiting)
WAITING_CURVE = table(WaitingCurve)
UPLOAD = table(Upload)
CURVE = table(Curve)
