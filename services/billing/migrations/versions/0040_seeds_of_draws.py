"""Who is drawn of the first run after a change follows from a seed that nobody knows before; runs of before keep their draw."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("seed", "lots_to"):
        op.add_column("compared_run", sa.Column(name, columns.No, nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("compared_run") as batch:
        batch.drop_column("lots_to")
        batch.drop_column("seed")
