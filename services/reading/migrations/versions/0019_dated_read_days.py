"""Read days of routes have dates. A route begins with that of its last planned cycle, where it was put otherwise since then."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FIRST = "0001-01"


def upgrade() -> None:
    made = op.create_table(
        "read_day",
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("from_cycle", sa.String(length=7), nullable=False),
        sa.Column("read_day", sa.SmallInteger(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("first_month", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("route_no", "service_point_no", "from_cycle"),
    )
    route = sa.table("route", *(sa.column(name) for name in ("route_no", "read_day", "months", "first_month")))
    cycle = sa.table("route_cycle", sa.column("route_no"), sa.column("read_date", sa.Date()))
    last = sa.func.max(cycle.c.read_date, type_=sa.Date())
    planned = sa.select(cycle.c.route_no, last.label("last")).group_by(cycle.c.route_no).subquery()
    given = sa.select(*route.c, planned.c.last).outerjoin(planned, planned.c.route_no == route.c.route_no)
    rows = [day for each in op.get_bind().execute(given).all() for day in _read_days(each, each.last)]
    if rows:
        op.bulk_insert(made, rows)
    with op.batch_alter_table("route") as batch:
        for name in ("read_day", "months", "first_month"):
            batch.drop_column(name)


def _read_days(route: Any, last: date | None) -> list[dict[str, Any]]:
    """Return the rows of a route: what was put holds from its first cycle on, or from the one after the last planned one."""
    own = {"route_no": route.route_no, "service_point_no": "", "months": route.months, "first_month": route.first_month}
    put = own | {"from_cycle": FIRST, "read_day": route.read_day}
    if last is None or last.day == min(route.read_day, monthrange(last.year, last.month)[1]):
        return [put]
    after = (last - timedelta(days=1)).replace(day=1) + timedelta(days=31)
    return [own | {"from_cycle": FIRST, "read_day": last.day}, put | {"from_cycle": f"{after:%Y-%m}"}]


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
