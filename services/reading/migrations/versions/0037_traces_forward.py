"""What was derived from an upload, a site order, an own read or an approval is found by them."""

import sqlalchemy as sa
from alembic import op

from shared.db import platform_migrations

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("read_upload", "read", ["upload_id"])
    for name, table, column in (
        ("site_order_read", "site_order", "read_id"),
        ("own_read_read", "own_read", "read_id"),
        ("observation_order", "observation", "order_no"),
    ):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(name, table, [column], postgresql_where=given, sqlite_where=given)
    platform_migrations.index_approvals()


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
