"""Daily registers of prepaid points: how contracts are paid, of which points they are told, and what was told last."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None
_DUE = sa.text("daily = 2")


def upgrade() -> None:
    op.add_column("contract", sa.Column("payment_modes", sa.Text(), server_default="", nullable=False))
    op.add_column("service_point", sa.Column("daily", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "service_point_daily_due", "service_point", ["service_point_no"], postgresql_where=_DUE, sqlite_where=_DUE
    )
    op.create_table(
        "daily_register",
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("energy", sa.Text(), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("prepaid_from", sa.Date(), nullable=True),
        sa.Column("prepaid_to", sa.Date(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("told_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )
    op.create_index("daily_register_prepaid", "daily_register", ["prepaid_from", "through"])


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
