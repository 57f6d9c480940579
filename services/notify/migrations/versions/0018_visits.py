"""Which employee calls a person."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("party", sa.Column("teller", columns.No, nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
