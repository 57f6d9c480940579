"""Changes of class that cases end with, and adjustments of cases."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("adjustment", sa.Column("case_no", columns.No, nullable=True))
    op.create_table(
        "case_reclass",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("customer_class", columns.No, nullable=False),
        sa.Column("tariff", sa.String(length=160), nullable=True),
        sa.Column("option", columns.No, nullable=True),
        sa.Column("approval_id", columns.No, nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("asked_by", columns.No, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("case_no", "row_version"),
        sa.UniqueConstraint("approval_id", name="case_reclass_approval"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was found at a point is never taken back: go forward")
