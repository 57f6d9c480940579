"""The tables of tested meters and of what is adjusted for them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, UniqueConstraint
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class MeterTest(base.Base, table=True):
    """The test of a meter as reading told it last, and what became of it: `waits_for` says which day is not billed yet."""

    __tablename__ = "meter_test"
    __table_args__ = (CheckConstraint("entered_by <> decided_by", name="meter_test_by_two"),)

    dispute_no: str = Field(sa_column=columns.key())
    version: int
    service_point_no: str = base.no()
    org_unit: str = base.path()
    meter_no: str = base.no()
    error_percent: str = base.no()
    within_limits: bool
    from_: date = Field(sa_column=Column("from", Date, nullable=False))
    to: date = base.day()
    tested_on: date = base.day()
    entered_by: str = base.no()
    decided_by: str = base.no()
    received_at: datetime = base.instant()
    state: str = base.no(server_default="open")
    waits_for: date | None = base.day(nullable=True)


class Adjustment(base.Base, table=True):
    """By which an account pays or gets back what its meter recorded wrongly; never changed, taken back by another one.

    Of a case `dispute_no` is its number too, and `test_version` that of the calculation. `from_day`, `to_day`: its days,
    half-open, as far as they are known.
    """

    __table_args__ = (
        UniqueConstraint("dispute_no", "account_no", "number", name="adjustment_number"),
        UniqueConstraint("reverses", name="adjustment_reversed_once"),
        Index("adjustment_account", "account_no"),
        Index("adjustment_cycle", "cycle"),
    )

    adjustment_id: str = Field(sa_column=columns.key())
    dispute_no: str = base.no()
    case_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    test_version: int
    account_no: str = base.no()
    number: int = Field(sa_column=Column(Integer, nullable=False))
    service_point_no: str = base.no()
    org_unit: str = base.path()
    cycle: str = base.no()
    issued_on: date = base.day()
    due_on: date = base.day()
    from_day: date | None = base.day(nullable=True)
    to_day: date | None = base.day(nullable=True)
    energy_wh: int = base.amount()
    total_fen: int = base.amount()
    components: str = base.long_text()
    working: str = base.long_text()
    reverses: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    actor: str = base.no()


METER_TEST, ADJUSTMENT = table(MeterTest), table(Adjustment)
