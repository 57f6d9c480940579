"""Observations at service points are kept."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "observation",
        sa.Column("observed_by", columns.No, nullable=False),
        sa.Column("observation_no", columns.No, nullable=False),
        sa.Column("observation_id", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("seen_at", columns.Instant, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("evidence", columns.No, nullable=True),
        sa.Column("order_no", columns.No, nullable=True),
        sa.Column("recorded_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("observed_by", "observation_no"),
        sa.UniqueConstraint("observation_id"),
    )
    op.create_index(op.f("ix_observation_service_point_no"), "observation", ["service_point_no"], unique=False)
    op.create_index("observation_list", "observation", ["seen_at", "observation_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
