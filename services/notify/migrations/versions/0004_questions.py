"""Questions to customers, withdrawals that came first, links; since when a contact has its address."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN = sa.text("state = 'open'")
ASKS = sa.text("question_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("question_id", sa.String(length=64), nullable=False),
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("subject_kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=True),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("reminders", sa.SmallInteger(), nullable=False),
        sa.Column("heard_at", columns.Instant, nullable=False),
        sa.Column("closed_at", columns.Instant, nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("answer", sa.String(length=64), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("recorded_by", sa.String(length=64), nullable=True),
        sa.Column("notice_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("question_id"),
    )
    op.create_index(op.f("ix_question_account_no"), "question", ["account_no"], unique=False)
    op.create_index(op.f("ix_question_service_point_no"), "question", ["service_point_no"], unique=False)
    op.create_index(
        "question_due", "question", ["org_unit", "answer_by"], unique=False, postgresql_where=OPEN, sqlite_where=OPEN
    )
    op.create_table(
        "question_withdrawal",
        sa.Column("question_id", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("since", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("question_id"),
    )
    op.create_table(
        "link",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("question_id", sa.String(length=64), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("contact_no", sa.String(length=64), nullable=False),
        sa.Column("address_since", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.add_column("contact", sa.Column("address_since", sa.Integer(), nullable=False, server_default="0"))
    for table in ("notice", "unaddressed"):
        op.add_column(table, sa.Column("question_id", sa.String(length=64), nullable=True))
        op.create_index(
            f"{table}_question", table, ["question_id"], unique=False, postgresql_where=ASKS, sqlite_where=ASKS
        )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
