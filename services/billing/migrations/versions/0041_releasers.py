"""Who released a run; of runs released before, nobody is named."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bill_run", sa.Column("released_by", columns.No, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("bill_run") as batch:
        batch.drop_column("released_by")
