"""Any document can be drawn and calculated again, not bills alone; corrections are found by their day."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    failing = sa.text("result IN ('differs', 'failed')")
    op.drop_index("replay_failing", table_name="replay")
    with op.batch_alter_table("replay") as batch:
        batch.alter_column("bill_id", new_column_name="document_id", existing_type=columns.No, existing_nullable=False)
        batch.add_column(sa.Column("kind", columns.No, server_default="bill", nullable=False))
    with op.batch_alter_table("replay") as batch:
        batch.add_column(sa.Column("bill_id", columns.No, nullable=True))
    op.create_index("replay_failing", "replay", ["document_id"], postgresql_where=failing, sqlite_where=failing)
    op.execute("UPDATE replay SET bill_id = document_id")
    op.create_index("correction_day", "correction", ["corrected_on"])


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
