"""Since when a contract waits for a point to be known; those that wait already, since now."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("asked_at", columns.Instant, nullable=True))
    contract = sa.table("contract", sa.column("asked", sa.Text()), sa.column("asked_at", columns.Instant))
    op.execute(sa.update(contract).where(contract.c.asked != "").values(asked_at=datetime.now(UTC)))
    asks = sa.text("asked <> ''")
    op.create_index("contract_asking", "contract", ["asked_at"], postgresql_where=asks, sqlite_where=asks)
