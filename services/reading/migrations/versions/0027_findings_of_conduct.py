"""What rules find of the conduct of readers."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conduct_finding",
        sa.Column("finding_id", sa.String(length=256), nullable=False),
        sa.Column("rule", columns.Code, nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("subject", columns.No, nullable=False),
        sa.Column("reader", columns.No, nullable=True),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("decided_by", columns.No, nullable=True),
        sa.Column("explanation", columns.Code, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "decided_by IS NULL OR reader IS NULL OR decided_by <> reader", name="conduct_finding_two_people"
        ),
        sa.PrimaryKeyConstraint("finding_id"),
    )
    op.create_index("conduct_finding_route", "conduct_finding", ["route_no", "read_date"], unique=False)
    op.create_index("conduct_finding_state", "conduct_finding", ["state"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
