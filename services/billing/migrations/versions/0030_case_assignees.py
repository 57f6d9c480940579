"""Whom cases were given to, and by whom: also those who have them no more."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_assignee",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("assignee", columns.No, nullable=False),
        sa.Column("given_by", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("case_no", "assignee", "given_by"),
    )
    op.execute(
        "INSERT INTO case_assignee (case_no, assignee, given_by) "
        "SELECT case_no, assignee, assignee FROM case_file WHERE assignee IS NOT NULL"
    )


def downgrade() -> None:
    raise NotImplementedError("who had a hand in a case is never forgotten: go forward")
