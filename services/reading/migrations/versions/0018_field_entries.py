"""What readers saw, as entered, and the batches in which another person releases it."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "field_batch",
        sa.Column("batch_id", columns.No, nullable=False),
        sa.Column("reader", columns.No, nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("released_by", columns.No, nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("released_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("batch_id"),
        sa.CheckConstraint("released_by IS NULL OR released_by <> reader", name="field_batch_reader_is_not_releaser"),
    )
    op.create_index("field_batch_route", "field_batch", ["route_no", "read_date", "reader", "number"], unique=True)
    op.create_table(
        "field_entry",
        sa.Column("reader", columns.No, nullable=False),
        sa.Column("entry_no", columns.No, nullable=False),
        sa.Column("batch_id", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("seen_at", columns.Instant, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", columns.Code, nullable=True),
        sa.Column("decided_by", columns.No, nullable=True),
        sa.Column("status", sa.String(length=32), nullable=True),
        sa.Column("code", columns.Code, nullable=True),
        sa.Column("entered_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("reader", "entry_no"),
        sa.CheckConstraint(
            "(decided_by IS NULL OR decided_by <> reader)"
            " AND (state IN ('entered', 'taken_back') OR decided_by IS NOT NULL)",
            name="field_entry_reader_is_not_decider",
        ),
    )
    op.create_index("ix_field_entry_batch_id", "field_entry", ["batch_id"])


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
