"""Whose a bill in review is; until now all were everybody's."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_assignment",
        sa.Column("bill_id", columns.No, nullable=False),
        sa.Column("assignee", columns.No, nullable=False),
        sa.Column("role", columns.No, nullable=False),
        sa.Column("assigned_by", columns.No, nullable=False),
        sa.Column("assigned_at", columns.Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["bill_id", "assignee", "role"],
            ["bill_party.bill_id", "bill_party.subject", "bill_party.role"],
            name="review_assignment_of_reviewer",
        ),
        sa.PrimaryKeyConstraint("bill_id"),
    )
    op.create_index("review_assignment_assignee", "review_assignment", ["assignee"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
