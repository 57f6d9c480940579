"""When the reads of closed routes were taken and came in."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("route_closing", sa.Column("read_on", sa.Date(), nullable=True))
    op.add_column("route_closing", sa.Column("uploaded_on", sa.Date(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
