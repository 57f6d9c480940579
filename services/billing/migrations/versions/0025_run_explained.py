"""Points of closed routes that nobody has explained, and what was told of them since."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("route_closing", sa.Column("unexplained", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "route_explanation",
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("unexplained", sa.Integer(), nullable=False),
        sa.Column("explained_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("route_no", "read_date", "version"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
