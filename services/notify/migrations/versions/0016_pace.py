"""When a party wants to be told, and why a notice goes out when it does."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("party", sa.Column("preferences", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("notice", sa.Column("paced", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("notice", sa.Column("week", sa.Date(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
