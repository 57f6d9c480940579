"""Alarms of meters and head-ends are kept."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meter_alarm",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("happened_at", columns.Instant, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("uploader", columns.No, nullable=False),
        sa.Column("message_id", columns.No, nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("meter_no", "happened_at", "kind", "source"),
    )
    op.create_index(op.f("ix_meter_alarm_happened_at"), "meter_alarm", ["happened_at"], unique=False)
    op.create_index(op.f("ix_meter_alarm_service_point_no"), "meter_alarm", ["service_point_no"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
