"""The tables of disputes, and of what the tests of meters showed."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Dispute(Base, table=True):
    """A dispute (用电疑问): what was doubted, the step at which it stands, and how it ended. `cycles` are joined by blanks."""

    dispute_no: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    cycles: str = Field(sa_column=required(Text))
    channel: str = Field(sa_column=required(SHORT))
    raised_by: str = Field(sa_column=required(SHORT))
    reason: str = Field(sa_column=required(columns.Code))
    words: str | None = Field(sa_column=Column(Text))
    opened_by: str = Field(sa_column=required(columns.No))
    opened_on: date = Field(sa_column=required(Date))
    state: str = Field(sa_column=required(SHORT))
    version: int = Field(sa_column=required(Integer))
    changed_on: date = Field(sa_column=required(Date))
    due_on: date | None = Field(sa_column=Column(Date))
    held_until: date | None = Field(sa_column=Column(Date))
    history_on: date | None = Field(sa_column=Column(Date))
    reread_on: date | None = Field(sa_column=Column(Date))
    reread_no: str | None = Field(sa_column=Column(columns.No))
    visit_on: date | None = Field(sa_column=Column(Date))
    question_id: str | None = Field(sa_column=Column(columns.No))
    presence: str | None = Field(sa_column=Column(SHORT))
    verification_on: date | None = Field(sa_column=Column(Date))
    verification_no: str | None = Field(sa_column=Column(columns.No))
    fee_fen: int = Field(sa_column=required(Integer))
    ended_on: date | None = Field(sa_column=Column(Date))
    ended_at: str | None = Field(sa_column=Column(SHORT))
    ended_by: str | None = Field(sa_column=Column(columns.No))
    outcome: str | None = Field(sa_column=Column(columns.Code))
    explanation: str | None = Field(sa_column=Column(Text))
    __table_args__ = (
        CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", name="dispute_ends_with_an_outcome"),
        Index(
            "dispute_unended",
            "service_point_no",
            unique=True,
            postgresql_where=text("state <> 'ended'"),
            sqlite_where=text("state <> 'ended'"),
        ),
        Index("dispute_list", "opened_on", "dispute_no"),
        Index("dispute_ended", "ended_on"),
    )


class MeterTest(Base, table=True):
    """What the test of a disputed meter showed, by version; who entered it and who decided on it are two persons."""

    __tablename__ = "meter_test"

    dispute_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    meter_no: str = Field(sa_column=required(METER_NO))
    accuracy_class: str = Field(sa_column=required(SHORT))
    error_percent: str = Field(sa_column=required(String(16)))
    within_limits: int = Field(sa_column=required(SmallInteger))
    from_: date = Field(sa_column=Column("from", Date, nullable=False))
    to: date = Field(sa_column=required(Date))
    tested_on: date = Field(sa_column=required(Date))
    certificate: str | None = Field(sa_column=Column(columns.No))
    entered_by: str = Field(sa_column=required(columns.No))
    decided_by: str = Field(sa_column=required(columns.No))
    decided_on: date = Field(sa_column=required(Date))
    decided_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (CheckConstraint("entered_by <> decided_by", name="meter_test_by_two"),)


class DisputeAdjustment(Base, table=True):
    """What billing has adjusted for the tested meter of a dispute, each document once."""

    __tablename__ = "dispute_adjustment"

    adjustment_id: str = Field(sa_column=columns.key())
    dispute_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    issued_on: date = Field(sa_column=Column(Date, nullable=False, index=True))
    energy_wh: int = Field(sa_column=required(columns.BigInt))
    total_fen: int = Field(sa_column=required(columns.BigInt))


DISPUTE = table(Dispute)
DISPUTE_ADJUSTMENT = table(DisputeAdjustment)
METER_TEST = table(MeterTest)
