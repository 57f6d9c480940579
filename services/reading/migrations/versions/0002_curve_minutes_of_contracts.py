"""A contract says which load curve its bills need."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("curve_minutes", sa.SmallInteger(), nullable=True))
