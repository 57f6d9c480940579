"""Read days are moved on request, with the consent of each customer."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "read_day_request",
        sa.Column("request_no", columns.No, nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("read_day", sa.SmallInteger(), nullable=False),
        sa.Column("months", sa.SmallInteger(), nullable=False),
        sa.Column("first_month", sa.SmallInteger(), nullable=False),
        sa.Column("from_cycle", sa.String(length=7), nullable=False),
        sa.Column("visit_on", sa.Date(), nullable=True),
        sa.Column("from_time", sa.String(length=5), nullable=True),
        sa.Column("to_time", sa.String(length=5), nullable=True),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("requested_by", columns.No, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("request_no"),
    )
    op.create_index(op.f("ix_read_day_request_route_no"), "read_day_request", ["route_no"], unique=False)
    op.create_table(
        "read_day_proposal",
        sa.Column("question_id", columns.No, nullable=False),
        sa.Column("request_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("now_on", sa.Date(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answer", columns.Code, nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("recorded_by", columns.No, nullable=True),
        sa.Column("closed_for", columns.Code, nullable=True),
        sa.PrimaryKeyConstraint("question_id"),
        sa.CheckConstraint("state <> 'effective' OR answer = 'yes'", name="read_day_proposal_is_confirmed"),
    )
    for name in ("request_no", "service_point_no", "route_no"):
        op.create_index(op.f(f"ix_read_day_proposal_{name}"), "read_day_proposal", [name], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
