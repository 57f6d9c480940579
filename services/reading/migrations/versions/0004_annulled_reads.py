"""A correction may annul its read, say how often a face has turned, and be one that was confirmed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("read_correction", sa.Column("kind", sa.String(length=16), server_default="edited", nullable=False))
    op.add_column("read_correction", sa.Column("turns", sa.Text(), server_default="", nullable=False))
    op.add_column("read_correction", sa.Column("confirmed", sa.SmallInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
