"""What the ends of cases said of the findings that were their signals; nothing of cases that ended before."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_verdict",
        sa.Column("signal_id", columns.No, nullable=False),
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("subject_id", columns.No, nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("verdict", columns.No, nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("severity", columns.No, nullable=False),
        sa.Column("customer_class", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("total_fen", columns.BigInt, nullable=False),
        sa.Column("decided_by", columns.No, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("decided_at", columns.Instant, nullable=False),
        sa.CheckConstraint("verdict IN ('', 'right', 'wrong', 'known')", name="case_verdict_says"),
        sa.PrimaryKeyConstraint("signal_id"),
    )
    op.create_index("case_verdict_case", "case_verdict", ["case_no"])
    op.create_index("case_verdict_subject", "case_verdict", ["subject_id"])
    op.create_index("case_verdict_period", "case_verdict", ["contract_no", "period_from", "code"])


def downgrade() -> None:
    raise NotImplementedError("what was said of a finding is never forgotten: go forward")
