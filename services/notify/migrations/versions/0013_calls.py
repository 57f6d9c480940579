"""Who is told by call: who has the task, and each call with its outcome."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_task",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("taken_at", columns.Instant, nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("next_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("notice_id", "way"),
    )
    op.create_table(
        "call",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=True),
        sa.Column("at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "way", "number"),
    )


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
