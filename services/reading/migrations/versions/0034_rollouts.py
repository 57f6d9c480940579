"""Roll-outs of meters: programmes, the points that they plan, and what failed."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rollout",
        sa.Column("programme_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("route_nos", sa.Text(), nullable=False),
        sa.Column("meter_type", columns.Code, nullable=False),
        sa.Column("planned_count", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme_no"),
        sa.CheckConstraint("starts_on < ends_on", name="rollout_has_days"),
    )
    op.create_table(
        "rollout_point",
        sa.Column("programme_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_for", columns.Code, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("programme_no", "service_point_no"),
    )
    op.create_index("rollout_point_of", "rollout_point", ["service_point_no"], unique=False)
    op.create_table(
        "rollout_failure",
        sa.Column("programme_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("failed_on", sa.Date(), nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("actor", columns.No, nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("programme_no", "service_point_no", "failed_on"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
