"""When the review of a run is due."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bill_run", sa.Column("due_on", sa.Date(), nullable=True))
