"""Reads of meters that stand nowhere yet are kept and listed, and counted by what brought them."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_read",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("read_at", columns.Instant, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("waiting_since", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("meter_no", "read_at", "source"),
    )
    op.create_index(op.f("ix_waiting_read_waiting_since"), "waiting_read", ["waiting_since"], unique=False)
    op.add_column("upload", sa.Column("waiting", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
