"""The tables of field entries and of the batches in which they are released."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, SmallInteger, String, Text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class FieldBatch(Base, table=True):
    """What one reader has entered for a read date of a route, and who released it: another person, by a constraint."""

    __tablename__ = "field_batch"

    batch_id: str = Field(sa_column=columns.key())
    reader: str = Field(sa_column=required(columns.No))
    route_no: str = Field(sa_column=required(columns.No))
    read_date: date = Field(sa_column=required(Date))
    number: int = Field(sa_column=required(SmallInteger))
    cycle: str = Field(sa_column=required(String(7)))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    released_by: str | None = Field(sa_column=Column(columns.No))
    content_hash: str | None = Field(sa_column=Column(String(64)))
    released_at: datetime | None = Field(sa_column=Column(columns.Instant))
    __table_args__ = (
        CheckConstraint("released_by IS NULL OR released_by <> reader", name="field_batch_reader_is_not_releaser"),
        Index("field_batch_route", "route_no", "read_date", "reader", "number", unique=True),
    )


class FieldEntry(Base, table=True):
    """What a reader saw, as entered: its content never changes. The number is the reader's own device's."""

    __tablename__ = "field_entry"

    reader: str = Field(sa_column=columns.key())
    entry_no: str = Field(sa_column=columns.key())
    batch_id: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    service_point_no: str = Field(sa_column=required(columns.No))
    meter_no: str = Field(sa_column=required(METER_NO))
    seen_at: datetime = Field(sa_column=required(columns.Instant))
    content: str = Field(sa_column=required(Text))
    state: str = Field(sa_column=required(SHORT))
    reason: str | None = Field(sa_column=Column(columns.Code))
    decided_by: str | None = Field(sa_column=Column(columns.No))
    status: str | None = Field(sa_column=Column(String(32)))
    code: str | None = Field(sa_column=Column(columns.Code))
    entered_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (
        CheckConstraint(
            "(decided_by IS NULL OR decided_by <> reader)"
            " AND (state IN ('entered', 'taken_back') OR decided_by IS NOT NULL)",
            name="field_entry_reader_is_not_decider",
        ),
    )


BATCH = table(FieldBatch)
ENTRY = table(FieldEntry)
