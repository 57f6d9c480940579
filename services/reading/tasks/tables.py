"""The tables of reading tasks, routes in their cycles, asked ends, and reasons for unread points."""

from datetime import date

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Task(Base, table=True):
    """A reading task (抄表任务): read this service point for this date.

    `kind`: cycle, between (a date of its route on which the cycle of a contract goes on), cut (a contract begins or ends), or
    asked (an end is asked for). `months`: planned months that it closes.
    `status`: open; suspect (there is a read, but it contradicts others); read; estimated; missed. `usage_id`: the usage that
    ends on its day. `reread`: a reviewer asked for it, the next read replaces this one even if it is no better.
    """

    service_point_no: str = Field(sa_column=columns.key())
    read_date: date = Field(sa_column=Column(Date, primary_key=True))
    route_no: str = Field(sa_column=required(columns.No))
    cycle: str = Field(sa_column=required(String(7)))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    kind: str = Field(sa_column=required(SHORT))
    status: str = Field(sa_column=required(SHORT))
    usage_id: str | None = Field(sa_column=Column(columns.No))
    reread: int = Field(sa_column=required(SmallInteger))
    months: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="1"))
    # a task is updated once, without changing a key: room on the page keeps that update out of the indexes
    __table_args__ = (Index("task_route_cycle", "route_no", "cycle"), {"postgresql_with": {"fillfactor": 60}})


class UnreadReason(Base, table=True):
    """Why a point could not be read for a task's date, as the reader says; empty where that was taken back.

    `task_id` is point and date joined by `~`.
    """

    __tablename__ = "unread_reason"

    task_id: str = Field(sa_column=Column(String(80), primary_key=True))
    service_point_no: str = Field(sa_column=required(columns.No))
    read_date: date = Field(sa_column=required(Date))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    reason: str = Field(sa_column=required(columns.No))
    noted_by: str = Field(sa_column=required(columns.No))
    version: int = Field(sa_column=required(Integer))


class AskedEnd(Base, table=True):
    """The period of a point is to end at the read of a day; `withdrawn`: why it is not any more."""

    __tablename__ = "asked_end"

    service_point_no: str = Field(sa_column=columns.key())
    day: date = Field(sa_column=Column(Date, primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    kind: str = Field(sa_column=required(SHORT))
    reason: str | None = Field(sa_column=Column(columns.Code))
    withdrawn: str | None = Field(sa_column=Column(columns.Code))
    version: int = Field(sa_column=required(Integer))


class RouteCycle(Base, table=True):
    """One route for one read date, with the control totals of its closing; `cycle` is how people call it.

    `unexplained`: what was told of it last, none while it is open, and of those that were closed before it was counted;
    `explained_version`: how often that was told since the closing. `uploaded_on`: the last business date on which a read came
    after the closing of a point that had no reason.
    """

    __tablename__ = "route_cycle"

    route_no: str = Field(sa_column=columns.key())
    read_date: date = Field(sa_column=Column(Date, primary_key=True))
    cycle: str = Field(sa_column=required(String(7)))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    closed_on: date | None = Field(sa_column=Column(Date))
    expected: int = Field(sa_column=required(Integer))
    actual: int = Field(sa_column=required(Integer))
    estimated: int = Field(sa_column=required(Integer))
    missed: int = Field(sa_column=required(Integer))
    usages: int = Field(sa_column=required(Integer))
    sum_wh: int = Field(sa_column=required(columns.BigInt))
    unexplained: int | None = Field(sa_column=Column(Integer))
    explained_version: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    uploaded_on: date | None = Field(sa_column=Column(Date))


TASK = table(Task)
ROUTE_CYCLE = table(RouteCycle)
UNREAD_REASON = table(UnreadReason)
ASKED_END = table(AskedEnd)
