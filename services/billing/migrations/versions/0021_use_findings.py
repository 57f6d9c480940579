"""Homes that seem to be used for something else, and what people said of that."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "use_finding",
        sa.Column("finding_id", columns.No, nullable=False),
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("customer_class", columns.No, nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.Column("working", sa.Text(), nullable=False),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("verdict", columns.No, nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("changed_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'judged') = (verdict <> '')", name="use_finding_judged"),
        sa.CheckConstraint("verdict IN ('', 'right', 'wrong', 'known')", name="use_finding_says"),
        sa.PrimaryKeyConstraint("finding_id"),
        sa.UniqueConstraint("contract_no", "code", name="use_finding_of_contract"),
    )
    op.create_index("use_finding_state", "use_finding", ["state", "contract_no"], unique=False)
    op.create_table(
        "use_verdict",
        sa.Column("finding_id", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("verdict", columns.No, nullable=False),
        sa.Column("customer_class", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("decided_by", columns.No, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("decided_at", columns.Instant, nullable=False),
        sa.CheckConstraint("verdict IN ('right', 'wrong', 'known')", name="use_verdict_says"),
        sa.ForeignKeyConstraint(["finding_id"], ["use_finding.finding_id"], name="use_verdict_finding"),
        sa.PrimaryKeyConstraint("finding_id", "version"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
