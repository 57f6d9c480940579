"""What was derived from an order, a bill or an approval is found by them."""

import sqlalchemy as sa
from alembic import op

from shared.db import platform_migrations

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    by_order = sa.text("order_id IS NOT NULL")
    op.create_index("payment_order_id", "payment", ["order_id"], postgresql_where=by_order, sqlite_where=by_order)
    op.create_index("settlement_bill", "settlement", ["bill_id"])
    platform_migrations.index_approvals()


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
