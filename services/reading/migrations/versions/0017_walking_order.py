"""Service points have their place on the way of who reads the route, and what that person should know."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_point", sa.Column("walk_order", sa.Integer(), nullable=True))
    op.add_column("service_point", sa.Column("access_notes", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
