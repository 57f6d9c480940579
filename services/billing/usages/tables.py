"""The table of usages."""

from datetime import date, datetime

from sqlalchemy import Boolean, Column, Index, Integer, Text, UniqueConstraint, false, literal, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class Usage(base.Base, table=True):
    """A usage as reading published it. Natural key: service point, period, version.

    `superseded`: one of a higher version shares a day with it. `waiting_for`: it is in force and has no bill yet; `closed` where
    a person said why it will have none.
    """

    __table_args__ = (
        UniqueConstraint("service_point_no", "period_from", "period_to", "version", name="usage_natural_key"),
        Index("usage_run", "route_no", "cycle"),
        Index(
            "usage_waiting",
            "service_point_no",
            postgresql_where=text("waiting_for <> ''"),
            sqlite_where=text("waiting_for <> ''"),
        ),
        Index(
            "usage_newer",
            "service_point_no",
            postgresql_where=text("version > 1"),
            sqlite_where=text("version > 1"),
        ),
    )
    usage_id: str = Field(sa_column=columns.key())
    service_point_no: str = base.no()
    org_unit: str = base.path()
    route_no: str = base.no()
    cycle: str = base.no()
    read_date: date = base.day()
    period_from: date = base.day()
    period_to: date = base.day()
    version: int
    months: int = Field(sa_column=Column(Integer, nullable=False, server_default="1"))
    late: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=false()))
    withdrawn: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=false()))
    superseded: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=false()))
    estimated: bool
    import_wh: int = base.amount()
    payload: str = base.long_text()
    waiting_for: str = base.no()
    closed_reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    closed_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    closed_at: datetime | None = base.instant(nullable=True)
    received_at: datetime = base.instant()


USAGE = table(Usage)


# The conditions of the partial indexes, with their values in the text of the statement: against a bound value, SQLite cannot
# tell that an index has the rows.
IS_WAITING = USAGE.c.waiting_for != literal("", literal_execute=True)
IS_NEWER = USAGE.c.version > literal(1, literal_execute=True)
