"""Charges of cases that are disputed: nobody is reminded of them while they are held."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "charge_hold",
        sa.Column("charge_no", columns.No, nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("charge_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
