"""Accounts that are closed are found by an index: money or a debt may be left on them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_CLOSED = sa.text("closed_on IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "account_closed", "account", ["account_no"], unique=False, postgresql_where=_CLOSED, sqlite_where=_CLOSED
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
