"""Supply orders: points are cut and restored by a head-end or by a person."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None
_DUE = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "supply_order",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("not_before", columns.Instant, nullable=False),
        sa.Column("expires_at", columns.Instant, nullable=False),
        sa.Column("supersedes", columns.No, nullable=True),
        sa.Column("sequence", columns.BigInt, nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("due_at", columns.Instant, nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("calling", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("unwanted", sa.String(length=16), nullable=True),
        sa.Column("sent_at", columns.Instant, nullable=True),
        sa.Column("unknown_since", columns.Instant, nullable=True),
        sa.Column("switched_at", columns.Instant, nullable=True),
        sa.Column("switched_on", sa.Date(), nullable=True),
        sa.Column("ended_at", columns.Instant, nullable=True),
        sa.Column("code", columns.Code, nullable=False),
        sa.Column("detail", sa.String(length=64), nullable=False),
        sa.Column("said_by", sa.String(length=16), nullable=True),
        sa.Column("reported_by", columns.No, nullable=True),
        sa.Column("carried_out_by", columns.No, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("meter_no", sa.String(length=40), nullable=True),
        sa.Column("registers", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'done') = (switched_at IS NOT NULL)", name="supply_order_done_is_switched"),
        sa.CheckConstraint("state <> 'done' OR said_by IS NOT NULL", name="supply_order_done_by_somebody"),
        sa.PrimaryKeyConstraint("order_no"),
    )
    op.create_index("supply_order_asked", "supply_order", ["asked_on", "order_no"], unique=False)
    op.create_index(
        "supply_order_due",
        "supply_order",
        ["due_at", "order_no"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("supply_order_list", "supply_order", ["not_before", "order_no"], unique=False)
    op.create_index("supply_order_point", "supply_order", ["service_point_no", "state"], unique=False)
    op.create_index("supply_order_switched", "supply_order", ["switched_on", "order_no"], unique=False)
    op.create_table(
        "supply_point",
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )
    op.create_table(
        "supply_withdrawal",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("withdrawn_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("order_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was carried out is never taken back: go forward")
