"""Billing knows whose a service point is, and keeps whose word a contract is until it does."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_point", sa.Column("org_unit", sa.String(length=160), nullable=True))
    op.add_column("service_point", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("contract", sa.Column("asked", sa.Text(), nullable=False, server_default=""))
    op.add_column("contract", sa.Column("refused", sa.Text(), nullable=False, server_default=""))
    undecided = sa.text("asked <> '' OR refused <> ''")
    op.create_index(
        "contract_undecided", "contract", ["contract_no"], postgresql_where=undecided, sqlite_where=undecided
    )
