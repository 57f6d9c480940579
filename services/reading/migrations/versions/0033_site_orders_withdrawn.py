"""Site orders that billing needs no more, whichever comes first, the request or its withdrawal."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_order_withdrawal",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("requested_by", columns.No, nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("order_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
