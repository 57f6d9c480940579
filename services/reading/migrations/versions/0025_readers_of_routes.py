"""Readers, inspectors and deputies are assigned by dates."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reader_assignment",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("of_no", columns.No, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("assignment_id", sa.String(length=128), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("subject", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "of_no", "role", "from_day"),
    )
    op.create_index("reader_assignment_subject", "reader_assignment", ["subject"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
