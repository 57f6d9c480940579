"""By which limits bills are put into tiers, and of which tiers it was told that they are near."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bill", sa.Column("ladder_limits", sa.Text(), nullable=True))
    op.create_table(
        "ladder_near",
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tier", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("bill_id", columns.No, nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.Column("used_wh", columns.Amount, nullable=False),
        sa.Column("limit_wh", columns.Amount, nullable=False),
        sa.PrimaryKeyConstraint("contract_no", "ladder", "year", "tier"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
