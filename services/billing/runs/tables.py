"""The tables of bill runs and of the switch that stops them."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Integer
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class BillRun(base.Base, table=True):
    """A bill run (route, cycle), with the totals that the route reported. `due_on`: when its review is to be done (抄表次日).

    `calculated_on`, `let_go_on`, `released_on`: the latest business date when its totals came to agree, when it left its review
    last, and when its bills were out. `released_by`: who released it, none where it went by itself.
    `unexplained`: points that nobody has explained by now; `accepted`: with how many of them somebody let it go.
    """

    __tablename__ = "bill_run"
    route_no: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=columns.key())
    org_unit: str = base.path()
    status: str = base.no()
    version: int
    closed_on: date | None = base.day(nullable=True)
    usages: int | None = Field(default=None)
    sum_wh: int | None = base.amount(nullable=True)
    missed: int | None = Field(default=None)
    findings: str = base.long_text()
    due_on: date | None = base.day(nullable=True)
    issue_on: date | None = base.day(nullable=True)
    closed_at: datetime | None = base.instant(nullable=True)
    releasing_at: datetime | None = base.instant(nullable=True)
    released_at: datetime | None = base.instant(nullable=True)
    calculated_on: date | None = base.day(nullable=True)
    let_go_on: date | None = base.day(nullable=True)
    released_on: date | None = base.day(nullable=True)
    released_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    unexplained: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    accepted: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


class RouteClosing(base.Base, table=True):
    """What a route reported of a read date. Where its read day was moved, two read dates may have a cycle of one name."""

    __tablename__ = "route_closing"
    route_no: str = Field(sa_column=columns.key())
    read_date: date = Field(sa_column=Column(Date, primary_key=True))
    cycle: str = base.no()
    usages: int
    sum_wh: int = base.amount()
    missed: int
    unexplained: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    read_on: date | None = base.day(nullable=True)
    uploaded_on: date | None = base.day(nullable=True)
    closed_on: date | None = base.day(nullable=True)


class RouteExplanation(base.Base, table=True):
    """How many points of a route's read date nobody had explained by a version, as the route told it, in any order.

    `uploaded_on`: when the last read came in that was still missing at the closing, by that version.
    """

    __tablename__ = "route_explanation"
    route_no: str = Field(sa_column=columns.key())
    read_date: date = Field(sa_column=Column(Date, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    cycle: str = base.no()
    unexplained: int
    explained_on: date = base.day()
    uploaded_on: date | None = base.day(nullable=True)


class ReleaseSwitch(base.Base, table=True):
    """The one switch that stops all releases: a single row."""

    __tablename__ = "release_switch"
    name: str = Field(sa_column=columns.key())
    stopped: bool
    reason: str = base.long_text()
    version: int


BILL_RUN, ROUTE_CLOSING, RELEASE_SWITCH = table(BillRun), table(RouteClosing), table(ReleaseSwitch)
ROUTE_EXPLANATION = table(RouteExplanation)
