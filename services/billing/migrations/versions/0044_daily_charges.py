"""Daily charges of prepaid contracts: which contracts are prepaid, registers as heard, and what they will cost."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None
_DAILY = sa.text("daily > 0")


def upgrade() -> None:
    op.add_column("contract", sa.Column("daily", sa.SmallInteger(), server_default="0", nullable=False))
    op.execute("UPDATE contract SET daily = 2 WHERE payment_modes LIKE '%\"prepaid\"%'")
    op.create_index(
        "contract_daily", "contract", ["contract_no", "daily"], postgresql_where=_DAILY, sqlite_where=_DAILY
    )
    op.create_table(
        "heard_register",
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("heard_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )
    op.create_table(
        "daily_charge",
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mode", columns.Code, nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("amount_fen", columns.Amount, nullable=False),
        sa.Column("not_out_fen", columns.Amount, nullable=False),
        sa.Column("energy_wh", columns.BigInt, nullable=False),
        sa.Column("usual_fen", columns.Amount, nullable=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("why", columns.Code, nullable=False),
        sa.Column("turns_on", sa.Date(), nullable=True),
        sa.Column("told_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("contract_no"),
    )
    op.create_index("daily_charge_account", "daily_charge", ["account_no"])
    op.create_index("daily_charge_turns", "daily_charge", ["turns_on"])
    op.create_table(
        "daily_estimate",
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("amount_fen", columns.Amount, nullable=False),
        sa.Column("energy_wh", columns.BigInt, nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("rated_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("contract_no", "period_from"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
