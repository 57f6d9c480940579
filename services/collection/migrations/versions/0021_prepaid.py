"""Prepaid accounts: estimates of contracts, how accounts stand, and cuts because nothing is left."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
_DUE = sa.text("due = 1")
_PROPOSE = sa.text("propose_at IS NOT NULL")
_DOUBT = sa.text("doubt = 'wanted'")


def upgrade() -> None:
    op.add_column("cut", sa.Column("cause", columns.Code, server_default="arrears", nullable=False))
    op.create_table(
        "prepaid_contract",
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mode", columns.Code, nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("amount_fen", columns.Amount, nullable=False),
        sa.Column("usual_fen", columns.Amount, nullable=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("dropped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("contract_no"),
    )
    op.create_index("prepaid_contract_account", "prepaid_contract", ["account_no"])
    op.create_table(
        "prepaid_account",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("due", sa.SmallInteger(), nullable=False),
        sa.Column("mode", columns.Code, nullable=False),
        sa.Column("state", columns.Code, nullable=False),
        sa.Column("prepaid_fen", columns.Amount, nullable=False),
        sa.Column("owed_fen", columns.Amount, nullable=False),
        sa.Column("estimate_fen", columns.Amount, nullable=False),
        sa.Column("available_fen", columns.Amount, nullable=False),
        sa.Column("through", sa.Date(), nullable=True),
        sa.Column("below_fen", columns.Amount, nullable=False),
        sa.Column("warned", sa.SmallInteger(), nullable=False),
        sa.Column("notices", sa.Integer(), nullable=False),
        sa.Column("episode", sa.Integer(), nullable=False),
        sa.Column("overdrawn_on", sa.Date(), nullable=True),
        sa.Column("announcement_id", columns.No, nullable=False),
        sa.Column("told_at", columns.Instant, nullable=True),
        sa.Column("propose_at", columns.Instant, nullable=True),
        sa.Column("code", columns.Code, nullable=False),
        sa.Column("doubt", columns.Code, nullable=False),
        sa.Column("doubt_by", columns.No, nullable=True),
        sa.Column("doubt_why", sa.Text(), nullable=False),
        sa.Column("judged_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.create_index("prepaid_account_due", "prepaid_account", ["account_no"], postgresql_where=_DUE, sqlite_where=_DUE)
    op.create_index(
        "prepaid_account_propose", "prepaid_account", ["propose_at"], postgresql_where=_PROPOSE, sqlite_where=_PROPOSE
    )
    op.create_index(
        "prepaid_account_doubt",
        "prepaid_account",
        ["account_no", "doubt"],
        postgresql_where=_DOUBT,
        sqlite_where=_DOUBT,
    )
    op.create_index("prepaid_account_announcement", "prepaid_account", ["announcement_id"])


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
