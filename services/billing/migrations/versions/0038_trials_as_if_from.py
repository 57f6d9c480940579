"""A tariff of coming days is tried as if it began on a day that is billed, and a trial says what it applied."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("trial_run") as batch:
        batch.add_column(sa.Column("as_if_from", sa.Date(), nullable=True))
        batch.add_column(sa.Column("applied", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("trial_run") as batch:
        batch.drop_column("applied")
        batch.drop_column("as_if_from")
