"""Disputes about usage, and what the tests of meters showed."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dispute",
        sa.Column("dispute_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("cycles", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("raised_by", sa.String(length=16), nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("opened_by", columns.No, nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.Column("history_on", sa.Date(), nullable=True),
        sa.Column("reread_on", sa.Date(), nullable=True),
        sa.Column("reread_no", columns.No, nullable=True),
        sa.Column("visit_on", sa.Date(), nullable=True),
        sa.Column("question_id", columns.No, nullable=True),
        sa.Column("presence", sa.String(length=16), nullable=True),
        sa.Column("verification_on", sa.Date(), nullable=True),
        sa.Column("verification_no", columns.No, nullable=True),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.String(length=16), nullable=True),
        sa.Column("ended_by", columns.No, nullable=True),
        sa.Column("outcome", columns.Code, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (outcome IS NOT NULL)", name="dispute_ends_with_an_outcome"),
        sa.PrimaryKeyConstraint("dispute_no"),
    )
    op.create_index("dispute_ended", "dispute", ["ended_on"], unique=False)
    op.create_index("dispute_list", "dispute", ["opened_on", "dispute_no"], unique=False)
    op.create_index(
        "dispute_unended",
        "dispute",
        ["service_point_no"],
        unique=True,
        postgresql_where=sa.text("state <> 'ended'"),
        sqlite_where=sa.text("state <> 'ended'"),
    )
    op.create_index(op.f("ix_dispute_service_point_no"), "dispute", ["service_point_no"], unique=False)
    op.create_table(
        "meter_test",
        sa.Column("dispute_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("accuracy_class", sa.String(length=16), nullable=False),
        sa.Column("error_percent", sa.String(length=16), nullable=False),
        sa.Column("within_limits", sa.SmallInteger(), nullable=False),
        sa.Column("from", sa.Date(), nullable=False),
        sa.Column("to", sa.Date(), nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column("certificate", columns.No, nullable=True),
        sa.Column("entered_by", columns.No, nullable=False),
        sa.Column("decided_by", columns.No, nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column(
            "decided_at",
            columns.Instant,
            nullable=False,
        ),
        sa.CheckConstraint("entered_by <> decided_by", name="meter_test_by_two"),
        sa.PrimaryKeyConstraint("dispute_no", "version"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
