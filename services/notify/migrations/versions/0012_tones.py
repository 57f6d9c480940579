"""How accounts pay, and in which tone notices were sent."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0012"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account_standing",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("standing", columns.Code, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("owed_late_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.add_column("notice", sa.Column("tone", sa.String(length=16), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
