"""How many points of a closed route nobody has explained, as it was told last; none of those that were closed before."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("route_cycle", sa.Column("unexplained", sa.Integer(), nullable=True))
    op.add_column("route_cycle", sa.Column("explained_version", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
