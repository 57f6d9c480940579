"""Figures that a question asks for, and those of its answer."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("question", sa.Column("asked_figures", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("question", sa.Column("given_figures", sa.Text(), nullable=True))
    op.add_column("question", sa.Column("seen_at", columns.Instant, nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
