"""Instalment plans: what they cover, and what is to be paid by when. Who has proposed one does not agree to it."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("plan_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("state", columns.Code, nullable=False),
        sa.Column("covered_fen", columns.Amount, nullable=False),
        sa.Column("grace_days", sa.SmallInteger(), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("proposed_by", columns.No, nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("agreed_by", columns.No, nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("hold_no", sa.Integer(), nullable=True),
        sa.CheckConstraint("agreed_by IS NULL OR agreed_by <> proposed_by", name="plan_two_people"),
        sa.PrimaryKeyConstraint("plan_no"),
    )
    op.create_index("plan_account", "plan", ["account_no"], unique=False)
    op.create_index("plan_state", "plan", ["state", "plan_no"], unique=False)
    op.create_table(
        "plan_instalment",
        sa.Column("plan_no", columns.No, nullable=False),
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", columns.Amount, nullable=False),
        sa.PrimaryKeyConstraint("plan_no", "number"),
    )
    op.create_table(
        "plan_receivable",
        sa.Column("plan_no", columns.No, nullable=False),
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.Column("amount_fen", columns.Amount, nullable=False),
        sa.PrimaryKeyConstraint("plan_no", "receivable_id"),
    )
    op.create_index("plan_receivable_of", "plan_receivable", ["receivable_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
