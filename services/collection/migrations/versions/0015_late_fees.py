"""What was settled late, the fees on it, and what of them was waived."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

POSTED = ("late_fee_line", "late_fee_waiver")
POSTGRESQL = tuple(
    f"""CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION posted_is_final()"""
    for table in POSTED
)
SQLITE = tuple(
    f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'a posted figure is never edited'); END"""
    for table in POSTED
    for verb in ("update", "delete")
)


def upgrade() -> None:
    op.create_table(
        "late_settlement",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("since", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.create_table(
        "late_fee",
        sa.Column("late_fee_id", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=False),
        sa.Column("rule", sa.String(length=160), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", columns.Code, nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("late_fee_id"),
        sa.UniqueConstraint("account_no", "settled_on", "rule", "version", name="late_fee_version"),
    )
    op.create_index("late_fee_account", "late_fee", ["account_no", "late_fee_id"], unique=False)
    op.create_table(
        "late_fee_line",
        sa.Column("late_fee_id", columns.No, nullable=False),
        sa.Column("line_no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("paid_fen", columns.BigInt, nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("days_after", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("late_fee_id", "line_no"),
    )
    op.create_index("late_fee_line_receivable", "late_fee_line", ["receivable_id"], unique=False)
    op.create_table(
        "late_fee_waiver",
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("waived_fen", columns.BigInt, nullable=True),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("waived_on", sa.Date(), nullable=False),
        sa.Column("asked_by", columns.No, nullable=False),
        sa.Column("approved_by", columns.No, nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> asked_by", name="late_fee_waiver_two_people"),
        sa.PrimaryKeyConstraint("receivable_id"),
    )
    op.create_index("ix_late_fee_waiver_account_no", "late_fee_waiver", ["account_no"], unique=False)
    op.add_column("dispute_hold", sa.Column("changed_on", sa.Date(), nullable=True))
    late = sa.text("cleared_on > due_on")
    op.create_index(
        "receivable_settled_late",
        "receivable",
        ["service_point_no", "cycle"],
        unique=False,
        postgresql_where=late,
        sqlite_where=late,
    )

    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
