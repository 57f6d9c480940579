"""Which point was told of its first remotely read meter."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "first_remote_meter",
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("fitted_on", sa.Date(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was told is never taken back: go forward")
