"""Which rating documents have changed, and how far the bills have followed."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rating_change",
        sa.Column("change_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=160), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=False),
        sa.Column("after_contract", sa.String(length=64), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("changed_at", columns.Instant, nullable=False),
        sa.Column("followed_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("change_id"),
    )
    followed = sa.text("followed_at IS NULL")
    op.create_index(
        "rating_change_open", "rating_change", ["change_id"], postgresql_where=followed, sqlite_where=followed
    )
