"""Tests of meters, and what is adjusted for them."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adjustment",
        sa.Column("adjustment_id", columns.No, nullable=False),
        sa.Column("dispute_no", columns.No, nullable=False),
        sa.Column("test_version", sa.Integer(), nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("energy_wh", columns.BigInt, nullable=False),
        sa.Column("total_fen", columns.BigInt, nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("working", sa.Text(), nullable=False),
        sa.Column("reverses", columns.No, nullable=True),
        sa.Column("actor", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("adjustment_id"),
        sa.UniqueConstraint("dispute_no", "account_no", "number", name="adjustment_number"),
        sa.UniqueConstraint("reverses", name="adjustment_reversed_once"),
    )
    op.create_index("adjustment_account", "adjustment", ["account_no"], unique=False)
    op.create_index("adjustment_cycle", "adjustment", ["cycle"], unique=False)
    op.create_table(
        "meter_test",
        sa.Column("dispute_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("meter_no", columns.No, nullable=False),
        sa.Column("error_percent", columns.No, nullable=False),
        sa.Column("within_limits", sa.Boolean(), nullable=False),
        sa.Column("from", sa.Date(), nullable=False),
        sa.Column("to", sa.Date(), nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column("entered_by", columns.No, nullable=False),
        sa.Column("decided_by", columns.No, nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.Column("state", sa.String(length=64), server_default="open", nullable=False),
        sa.Column("waits_for", sa.Date(), nullable=True),
        sa.CheckConstraint("entered_by <> decided_by", name="meter_test_by_two"),
        sa.PrimaryKeyConstraint("dispute_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
