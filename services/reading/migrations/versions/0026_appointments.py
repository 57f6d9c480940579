"""Appointments for reads; their visits are site orders."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "appointment",
        sa.Column("appointment_no", columns.No, nullable=False),
        sa.Column("appointment_id", columns.No, nullable=False, unique=True),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("visit_on", sa.Date(), nullable=False),
        sa.Column("from_time", sa.String(length=5), nullable=False),
        sa.Column("to_time", sa.String(length=5), nullable=False),
        sa.Column("reader", columns.No, nullable=True),
        sa.Column("proposed_by", sa.String(length=16), nullable=False),
        sa.Column("asked_by", columns.No, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("recorded_by", columns.No, nullable=True),
        sa.Column("closed_for", columns.Code, nullable=True),
        sa.PrimaryKeyConstraint("appointment_no"),
    )
    op.create_index(op.f("ix_appointment_service_point_no"), "appointment", ["service_point_no"], unique=False)
    op.create_index("appointment_list", "appointment", ["visit_on", "appointment_no"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
