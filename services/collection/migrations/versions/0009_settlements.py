"""Settlements of accounts that closings have ended."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "settlement",
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("billed_on", sa.Date(), nullable=False),
        sa.Column("bill_id", columns.No, nullable=False),
        sa.Column("approved_by", columns.No, nullable=False),
        sa.Column("state", columns.Code, nullable=False),
        sa.Column("waits_for", columns.Code, nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("paid_out_fen", columns.BigInt, nullable=False),
        sa.Column("kept_fen", columns.BigInt, nullable=False),
        sa.Column("decided_by", columns.No, nullable=True),
        sa.PrimaryKeyConstraint("closing_no"),
    )
    op.create_index("settlement_account", "settlement", ["account_no"], unique=False)
    op.create_index("settlement_state", "settlement", ["state", "closing_no"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
