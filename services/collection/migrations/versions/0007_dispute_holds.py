"""What disputes hold of dunning, and what service point a receivable is for; those of before do not know."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dispute_hold",
        sa.Column("dispute_no", columns.No, nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("state", columns.Code, nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("dispute_no", "cycle"),
    )
    op.create_index("dispute_hold_point", "dispute_hold", ["service_point_no", "cycle"], unique=False)
    op.add_column("receivable", sa.Column("service_point_no", columns.No, nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
