"""What a run is looked at beside once its totals agree; of runs that went before nothing is known."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "compared_run",
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("examined", sa.Boolean(), nullable=False),
        sa.Column("peers", sa.Text(), nullable=False),
        sa.Column("changed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("route_no", "cycle"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
