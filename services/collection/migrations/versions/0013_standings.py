"""How accounts pay, and who is in hardship."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_standing",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("standing", columns.Code, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=False),
        sa.Column("due_from", sa.Date(), nullable=False),
        sa.Column("due_count", sa.Integer(), nullable=False),
        sa.Column("late_count", sa.Integer(), nullable=False),
        sa.Column("owed_late_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.create_table(
        "hardship_mark",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("mark_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("marked_by", columns.No, nullable=False),
        sa.Column("ended_by", columns.No, nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from"),
        sa.PrimaryKeyConstraint("account_no", "mark_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
