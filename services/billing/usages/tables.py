"""The table of usages."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, literal, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class Usage(base.Base, table=True):
    """A usage as reading published it. Natural key: service point, period, version."""

    __table_args__ = (
        UniqueConstraint("service_point_no", "period_from", "period_to", "version", name="usage_natural_key"),
        Index("usage_run", "route_no", "cycle"),
        Index(
            "usage_waiting",
            "service_point_no",
            postgresql_where=text("waiting_for <> ''"),
            sqlite_where=text("waiting_for <> ''"),
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
    estimated: bool
    import_wh: int = base.amount()
    payload: str = base.long_text()
    waiting_for: str = base.no()
    received_at: datetime = base.instant()


USAGE = table(Usage)


# The condition of the partial index, with its value in the text of the statement: against a bound value, SQLite cannot
# tell that an index has the rows.
IS_WAITING = USAGE.c.waiting_for != literal("", literal_execute=True)
