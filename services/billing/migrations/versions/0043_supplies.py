"""Where supply was cut and restored, as reading tells it."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supply_switch",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("switched_at", columns.Instant, nullable=False),
        sa.Column("switched_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("order_no"),
    )
    op.create_index("supply_switch_point", "supply_switch", ["service_point_no"], unique=False)
    op.create_index("supply_switch_day", "supply_switch", ["switched_on", "order_no"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("what was told is never taken back: go forward")
