"""What was derived from a usage, or from what signals of cases refer to, is found by them, and so is what was approved."""

import sqlalchemy as sa
from alembic import op

from shared.db import platform_migrations

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    refers = sa.text("reference IS NOT NULL")
    op.create_index("bill_usage", "bill", ["usage_id"])
    op.create_index("case_signal_reference", "case_signal", ["reference"], postgresql_where=refers, sqlite_where=refers)
    platform_migrations.index_approvals()


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
