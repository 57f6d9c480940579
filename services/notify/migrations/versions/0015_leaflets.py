"""Which leaflets went to whom in a year."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leaflet_told",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("leaflet", sa.String(length=32), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("cause_id", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("account_no", "leaflet", "year"),
    )


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
