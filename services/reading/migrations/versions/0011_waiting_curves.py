"""Day curves of meters that stand nowhere yet are kept and listed."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waiting_curve",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.String(length=32), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("waiting_since", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("meter_no", "day", "quantity"),
    )
    op.create_index(op.f("ix_waiting_curve_waiting_since"), "waiting_curve", ["waiting_since"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
