"""A route is read every one, two or three months, and its cycles are kept by read date: two of them may have one name."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

COLUMNS = "route_no, read_date, cycle, org_unit, closed_on, expected, actual, estimated, missed, usages, sum_wh"


def upgrade() -> None:
    op.add_column("route", sa.Column("months", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("route", sa.Column("first_month", sa.SmallInteger(), server_default="1", nullable=False))
    op.create_table(
        "route_cycle_by_date",
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("actual", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("usages", sa.Integer(), nullable=False),
        sa.Column("sum_wh", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("route_no", "read_date"),
    )
    op.execute(f"INSERT INTO route_cycle_by_date ({COLUMNS}) SELECT {COLUMNS} FROM route_cycle")
    op.drop_table("route_cycle")
    op.rename_table("route_cycle_by_date", "route_cycle")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX route_cycle_by_date_pkey RENAME TO route_cycle_pkey")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
