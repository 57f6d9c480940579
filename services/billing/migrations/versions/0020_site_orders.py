"""Site orders that bills wait for; of those asked for before this reading's list tells."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_order",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("kind", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("requested_by", columns.No, nullable=False),
        sa.Column("reference", columns.No, nullable=True),
        sa.Column("cycle", sa.String(length=7), nullable=True),
        sa.Column("subject_kind", columns.Code, nullable=True),
        sa.Column("subject_id", columns.No, nullable=True),
        sa.Column("account_no", columns.No, nullable=True),
        sa.Column("contract_no", columns.No, nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("reason", columns.Code, nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("overdue_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("result", columns.Code, nullable=True),
        sa.Column("visited_by", columns.No, nullable=True),
        sa.Column("decided_by", columns.No, nullable=True),
        sa.Column("meter_no", columns.No, nullable=True),
        sa.Column("read_id", sa.String(length=96), nullable=True),
        sa.Column("registers", sa.Text(), nullable=True),
        sa.Column("let_go_on", sa.Date(), nullable=True),
        sa.Column("let_go_by", columns.No, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("order_no"),
    )
    op.create_index("site_order_contract", "site_order", ["contract_no"], unique=False)
    op.create_index("site_order_reference", "site_order", ["reference"], unique=False)
    op.create_index("site_order_subject", "site_order", ["subject_kind", "subject_id"], unique=False)
    op.create_index("site_order_state", "site_order", ["state", "overdue_on"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
