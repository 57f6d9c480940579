"""Contracts that are annulled, why a contract changed, and the load curve that its bills need."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("annulled", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("contract", sa.Column("reason", sa.Text(), nullable=False, server_default=""))
    op.add_column("contract", sa.Column("curve_minutes", sa.Integer(), nullable=True))
