"""Contracts say how many months each of their bills is for, and points whether one of theirs is for several."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("cycle_months", sa.SmallInteger(), server_default="1", nullable=False))
    op.add_column("service_point", sa.Column("paced", sa.SmallInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
