"""What reviewers said of the findings of bills; of decisions before this nothing was asked."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "finding_verdict",
        sa.Column("decision_id", columns.No, nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("bill_id", columns.No, nullable=False),
        sa.Column("severity", columns.No, nullable=False),
        sa.Column("verdict", columns.No, nullable=False),
        sa.Column("customer_class", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("total_fen", columns.BigInt, nullable=False),
        sa.Column("decided_by", columns.No, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("decided_at", columns.Instant, nullable=False),
        sa.CheckConstraint("verdict IN ('', 'right', 'wrong', 'known')", name="finding_verdict_says"),
        sa.ForeignKeyConstraint(["decision_id"], ["review_decision.decision_id"], name="finding_verdict_decision"),
        sa.PrimaryKeyConstraint("decision_id", "code"),
    )
    op.create_index("finding_verdict_bill", "finding_verdict", ["bill_id", "code"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
