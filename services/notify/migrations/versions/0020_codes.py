"""Codes that verify contact points."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "point_code",
        sa.Column("code_id", columns.No, nullable=False),
        sa.Column("party_no", columns.No, nullable=False),
        sa.Column("point_no", columns.No, nullable=False),
        sa.Column("address_since", sa.Integer(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("code_sealed", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code", columns.Code, nullable=False),
        sa.Column("sends", sa.SmallInteger(), nullable=False),
        sa.Column("wrong", sa.SmallInteger(), nullable=False),
        sa.Column("asked_by", columns.No, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_at", columns.Instant, nullable=False),
        sa.Column("expires_at", columns.Instant, nullable=False),
        sa.Column("due_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("code_id"),
    )
    op.create_index("point_code_point", "point_code", ["party_no", "point_no", "asked_on"])
    due = sa.text("due_at IS NOT NULL")
    op.create_index("point_code_due", "point_code", ["due_at"], postgresql_where=due, sqlite_where=due)


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
