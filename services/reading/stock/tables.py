"""The tables of meters in stock: what came, what happened to it, and the spells that follow from both."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, Text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class MeterRange(Base, table=True):
    """A range of meters (批次号段) as it came, whole; its meters are made with it. `registers` as those of a meter.

    `annulled_for`: it never came, and why; its meters are gone with that.
    """

    __tablename__ = "meter_range"

    range_no: str = Field(sa_column=columns.key())
    from_no: str = Field(sa_column=required(METER_NO))
    to_no: str = Field(sa_column=required(METER_NO))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    meter_type: str = Field(sa_column=required(columns.Code))
    registers: str = Field(sa_column=required(Text))
    numerator: int = Field(sa_column=required(Integer))
    denominator: int = Field(sa_column=required(Integer))
    owner: str = Field(sa_column=required(columns.Code))
    batch_no: str | None = Field(sa_column=Column(columns.No))
    received_on: date = Field(sa_column=required(Date))
    verified_until: date | None = Field(sa_column=Column(Date))
    meters: int = Field(sa_column=required(Integer))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    annulled_for: str | None = Field(sa_column=Column(columns.Code))


class MeterReceipt(Base, table=True):
    """That a meter came, with which range."""

    __tablename__ = "meter_receipt"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    range_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))


class MeterMovement(Base, table=True):
    """A step of a meter in stock as it was told. `fits`: its life has it; else it waits. `annulled`: it never was, and why.

    `told_point`, `told_version`: what was last told of a take-back, the point that the meter had left.
    """

    __tablename__ = "meter_movement"

    movement_no: str = Field(sa_column=columns.key())
    meter_no: str = Field(sa_column=Column(METER_NO, nullable=False, index=True))
    kind: str = Field(sa_column=required(SHORT))
    moved_on: date = Field(sa_column=required(Date))
    warehouse: str | None = Field(sa_column=Column(ORG_UNIT))
    reason: str | None = Field(sa_column=Column(columns.Code))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    fits: int = Field(sa_column=required(SmallInteger))
    annulled: int = Field(sa_column=required(SmallInteger))
    annulled_for: str | None = Field(sa_column=Column(columns.Code))
    told_point: str | None = Field(sa_column=Column(columns.No))
    told_version: int = Field(sa_column=required(Integer))
    __table_args__ = (
        CheckConstraint("kind <> 'scrap' OR reason IS NOT NULL", name="meter_movement_scrapped_for_a_reason"),
        Index("meter_movement_list", "moved_on", "movement_no"),
        Index("meter_movement_waiting", "fits", "annulled"),
    )


class StockTest(Base, table=True):
    """What a laboratory found of a meter (检定结果), by its certificate. `errors`: JSON of [load, factor, permille].

    `told_point`: the point where it was told that its meter has failed; `of_dispute`: a dispute goes on from it.
    """

    __tablename__ = "stock_test"

    lab_no: str = Field(sa_column=columns.key())
    meter_no: str = Field(sa_column=Column(METER_NO, nullable=False, index=True))
    tested_on: date = Field(sa_column=required(Date))
    result: str = Field(sa_column=required(SHORT))
    errors: str = Field(sa_column=required(Text))
    next_due_on: date | None = Field(sa_column=Column(Date))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    annulled: int = Field(sa_column=required(SmallInteger))
    annulled_for: str | None = Field(sa_column=Column(columns.Code))
    told_point: str | None = Field(sa_column=Column(columns.No))
    of_dispute: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    __table_args__ = (Index("stock_test_list", "tested_on", "lab_no"),)


class SealEvent(Base, table=True):
    """What happened to a seal (铅封) on a meter, as it was told. `fits`: its life has it; else it waits.

    `annulled`: it never was, and why; told again it stands again.
    """

    __tablename__ = "seal_event"

    seal_no: str = Field(sa_column=columns.key())
    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    done_on: date = Field(sa_column=Column(Date, primary_key=True))
    kind: str = Field(sa_column=Column(SHORT, primary_key=True))
    done_by: str = Field(sa_column=required(columns.No))
    actor: str = Field(sa_column=required(columns.No))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    fits: int = Field(sa_column=required(SmallInteger))
    annulled: int = Field(sa_column=required(SmallInteger))
    annulled_for: str | None = Field(sa_column=Column(columns.Code))
    __table_args__ = (
        Index("seal_event_meter", "meter_no"),
        Index("seal_event_list", "done_on", "seal_no"),
        Index("seal_event_waiting", "fits", "annulled"),
    )


class MeterSeal(Base, table=True):
    """How a seal stands after all that is known of it: on its meter, broken, or off, since a day."""

    __tablename__ = "meter_seal"

    seal_no: str = Field(sa_column=columns.key())
    meter_no: str = Field(sa_column=Column(METER_NO, nullable=False, index=True))
    state: str = Field(sa_column=required(SHORT))
    since: date = Field(sa_column=required(Date))
    version: int = Field(sa_column=required(Integer))


class MeterSpell(Base, table=True):
    """A state of a meter over [from_day, to_day): derived from its installations and its stock records, never entered."""

    __tablename__ = "meter_spell"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    from_day: date = Field(sa_column=Column(Date, primary_key=True))
    to_day: date | None = Field(sa_column=Column(Date))
    state: str = Field(sa_column=required(SHORT))
    service_point_no: str | None = Field(sa_column=Column(columns.No))
    warehouse: str | None = Field(sa_column=Column(ORG_UNIT))
    __table_args__ = (Index("meter_spell_state", "state", "from_day"),)


RANGE = table(MeterRange)
RECEIPT = table(MeterReceipt)
MOVEMENT = table(MeterMovement)
TEST = table(StockTest)
SEAL_EVENT = table(SealEvent)
SEAL = table(MeterSeal)
SPELL = table(MeterSpell)
