"""Usages carry the load curves of their period, where the contract states slots."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("usage") as usage:
        usage.add_column(sa.Column("curves", sa.Text(), server_default="[]", nullable=False))
        usage.add_column(sa.Column("curves_digest", sa.String(64), server_default="", nullable=False))
    with op.batch_alter_table("usage") as usage:
        usage.alter_column("curves", existing_type=sa.Text(), server_default=None)
        usage.alter_column("curves_digest", existing_type=sa.String(64), server_default=None)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
