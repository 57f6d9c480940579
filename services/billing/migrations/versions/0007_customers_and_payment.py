"""The customer that an account is of, and how a contract is paid."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account", sa.Column("customer_no", sa.String(64), nullable=False, server_default=""))
    op.add_column("contract", sa.Column("payment_modes", sa.Text(), nullable=False, server_default=""))
