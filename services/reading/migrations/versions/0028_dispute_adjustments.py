"""What billing adjusts for the tested meters of disputes."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dispute_adjustment",
        sa.Column("adjustment_id", columns.No, nullable=False),
        sa.Column("dispute_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("energy_wh", columns.BigInt, nullable=False),
        sa.Column("total_fen", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("adjustment_id"),
    )
    op.create_index(op.f("ix_dispute_adjustment_dispute_no"), "dispute_adjustment", ["dispute_no"], unique=False)
    op.create_index(op.f("ix_dispute_adjustment_issued_on"), "dispute_adjustment", ["issued_on"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
