"""The table of site orders that billing has asked for, or that were about its documents."""

from datetime import date

from sqlalchemy import Column, Date, Index, String, Text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class SiteOrder(base.Base, table=True):
    """A site order (现场工单): what was asked for, and what reading has told of it, whichever came first.

    `subject_kind` and `subject_id`: what asked for it, none where somebody in reading did. `ended_on`, `result`: of one that is
    done, could not be done, or is not needed any more. `let_go_on`: since when nothing waits for it any more, by whose word.
    """

    __tablename__ = "site_order"
    __table_args__ = (
        Index("site_order_contract", "contract_no"),
        Index("site_order_reference", "reference"),
        Index("site_order_subject", "subject_kind", "subject_id"),
        Index("site_order_state", "state", "overdue_on"),
    )
    order_no: str = Field(sa_column=columns.key())
    kind: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    requested_by: str = base.no()
    reference: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    cycle: str | None = Field(default=None, sa_column=Column(String(7), nullable=True))
    subject_kind: str | None = Field(default=None, sa_column=Column(columns.Code, nullable=True))
    subject_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    account_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    contract_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    period_from: date | None = base.day(nullable=True)
    period_to: date | None = base.day(nullable=True)
    reason: str | None = Field(default=None, sa_column=Column(columns.Code, nullable=True))
    asked_on: date | None = base.day(nullable=True)
    state: str = base.no()
    due_on: date | None = base.day(nullable=True)
    overdue_on: date | None = base.day(nullable=True)
    ended_on: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    result: str | None = Field(default=None, sa_column=Column(columns.Code, nullable=True))
    visited_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    decided_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    meter_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    read_id: str | None = Field(default=None, sa_column=Column(String(96), nullable=True))
    registers: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    let_go_on: date | None = base.day(nullable=True)
    let_go_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    explanation: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


SITE_ORDER = table(SiteOrder)
