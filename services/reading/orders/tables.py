"""The table of site orders."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Date, Index, Integer, String, Text, text
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table

_READ = text("read_id IS NOT NULL")


class SiteOrder(Base, table=True):
    """A site order (现场工单): what was asked for, what the visitor reported, and who made a read of it: another person."""

    __tablename__ = "site_order"

    order_no: str = Field(sa_column=columns.key())
    kind: str = Field(sa_column=required(SHORT))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    origin: str = Field(sa_column=required(SHORT))
    requested_by: str = Field(sa_column=required(columns.No))
    reason: str = Field(sa_column=required(columns.Code))
    reference: str | None = Field(sa_column=Column(columns.No, index=True))
    cycle: str | None = Field(sa_column=Column(String(7)))
    asked_on: date = Field(sa_column=required(Date))
    due_on: date | None = Field(sa_column=Column(Date))
    state: str = Field(sa_column=required(SHORT))
    assignee: str | None = Field(sa_column=Column(columns.No))
    visited_by: str | None = Field(sa_column=Column(columns.No))
    visited_at: datetime | None = Field(sa_column=Column(columns.Instant))
    outcome: str | None = Field(sa_column=Column(columns.Code))
    explanation: str | None = Field(sa_column=Column(Text))
    meter_no: str | None = Field(sa_column=Column(METER_NO))
    registers: str | None = Field(sa_column=Column(Text))
    read_id: str | None = Field(sa_column=Column(String(96)))
    decided_by: str | None = Field(sa_column=Column(columns.No))
    turned_back: str | None = Field(sa_column=Column(Text))
    turned_back_for: str | None = Field(sa_column=Column(columns.Code))
    overdue_on: date | None = Field(sa_column=Column(Date))
    version: int = Field(sa_column=required(Integer))
    __table_args__ = (
        CheckConstraint(
            "visited_by IS NULL OR ((decided_by IS NULL OR decided_by <> visited_by)"
            " AND (read_id IS NULL OR decided_by IS NOT NULL))",
            name="site_order_visitor_is_not_decider",
        ),
        CheckConstraint(
            "kind <> 'closing_check' OR visited_by IS NULL OR visited_by <> requested_by",
            name="site_order_closing_is_checked_by_another",
        ),
        Index("site_order_work", "state", "due_on"),
        Index("site_order_list", "asked_on", "order_no"),
        Index("site_order_read", "read_id", postgresql_where=_READ, sqlite_where=_READ),
    )


class SiteOrderWithdrawal(Base, table=True):
    """What billing or notify needs no more, whether or not the order is known: the first word on it counts."""

    __tablename__ = "site_order_withdrawal"

    order_no: str = Field(sa_column=columns.key())
    reason: str = Field(sa_column=required(columns.Code))
    requested_by: str = Field(sa_column=required(columns.No))
    withdrawn_on: date = Field(sa_column=required(Date))


SITE_ORDER = table(SiteOrder)
SITE_ORDER_WITHDRAWAL = table(SiteOrderWithdrawal)
