"""At which point it was told that a meter has failed its test, and which tests are those of disputes."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stock_test", sa.Column("told_point", columns.No, nullable=True))
    op.add_column("stock_test", sa.Column("of_dispute", sa.SmallInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE stock_test SET of_dispute = 1 WHERE lab_no LIKE '%~%'")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
