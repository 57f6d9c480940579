"""Cases: signals, the cases that they open, steps, evidence and moves."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_signal",
        sa.Column("source", columns.No, nullable=False),
        sa.Column("brought_by", columns.No, nullable=False),
        sa.Column("source_no", columns.No, nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("signal_id", columns.No, nullable=False),
        sa.Column("kind", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("reference", columns.No, nullable=True),
        sa.Column("word", sa.Text(), server_default="", nullable=False),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("case_no", columns.No, nullable=True),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("source", "brought_by", "source_no", "code"),
        sa.UniqueConstraint("signal_id"),
    )
    op.create_index("case_signal_point", "case_signal", ["service_point_no", "kind"], unique=False)
    op.create_index("case_signal_case", "case_signal", ["case_no"], unique=False)
    waits = sa.text("state = 'waiting'")
    op.create_index(
        "case_signal_waiting", "case_signal", ["received_at"], unique=False, postgresql_where=waits, sqlite_where=waits
    )
    op.create_table(
        "case_point",
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("kind", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("service_point_no", "kind"),
    )
    _cases()
    _of_cases()


def _cases() -> None:
    op.create_table(
        "case_file",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("kind", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("first_signal_on", sa.Date(), nullable=False),
        sa.Column("account_no", columns.No, nullable=True),
        sa.Column("contract_no", columns.No, nullable=True),
        sa.Column("assignee", columns.No, nullable=True),
        sa.Column("reopened_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by", columns.No, nullable=True),
        sa.Column("explanation", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome_fen", columns.BigInt, nullable=True),
        sa.Column("opened_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("case_no"),
        sa.UniqueConstraint("service_point_no", "kind", "number", name="case_file_number"),
    )
    is_open = sa.text("ended_on IS NULL")
    op.create_index(
        "case_file_one_open",
        "case_file",
        ["service_point_no", "kind"],
        unique=True,
        postgresql_where=is_open,
        sqlite_where=is_open,
    )
    op.create_index("case_file_list", "case_file", ["first_signal_on", "case_no"], unique=False)


def _of_cases() -> None:
    op.create_table(
        "case_step",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("step", columns.No, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_by", columns.No, nullable=True),
        sa.PrimaryKeyConstraint("case_no", "step"),
    )
    is_to_do = sa.text("done_on IS NULL")
    op.create_index(
        "case_step_due", "case_step", ["due_on"], unique=False, postgresql_where=is_to_do, sqlite_where=is_to_do
    )
    op.create_table(
        "case_evidence",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("evidence_no", columns.No, nullable=False),
        sa.Column("kind", columns.No, nullable=False),
        sa.Column("reference", columns.No, nullable=False),
        sa.Column("kw", columns.No, nullable=True),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("added_by", columns.No, nullable=False),
        sa.Column("added_at", columns.Instant, nullable=False),
        sa.Column("withdrawn_by", columns.No, nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("case_no", "evidence_no"),
    )
    op.create_table(
        "case_event",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("event", columns.No, nullable=False),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("actor", columns.No, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("case_no", "row_version"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was found at a point is never taken back: go forward")
