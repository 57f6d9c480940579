"""What a route reports is kept by read date: two of them may have a cycle of one name."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "route_closing",
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("usages", sa.Integer(), nullable=False),
        sa.Column("sum_wh", columns.BigInt, nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("route_no", "read_date"),
    )
    op.execute(
        "INSERT INTO route_closing (route_no, read_date, cycle, usages, sum_wh, missed) "
        "SELECT r.route_no, MAX(u.read_date), r.cycle, r.usages, r.sum_wh, r.missed "
        "FROM bill_run r JOIN usage u ON u.route_no = r.route_no AND u.cycle = r.cycle "
        "WHERE r.closed_on IS NOT NULL GROUP BY r.route_no, r.cycle, r.usages, r.sum_wh, r.missed"
    )
