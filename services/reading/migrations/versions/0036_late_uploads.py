"""When the last read came in, after the closing of its route, of a point that had no reason; none known of those before."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("route_cycle", sa.Column("uploaded_on", sa.Date(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
