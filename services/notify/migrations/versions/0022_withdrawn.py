"""What customers are not to be told of any more: it was withdrawn."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MAY_GO = sa.text("matter IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "matter_withdrawn",
        sa.Column("matter", sa.String(length=96), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("matter"),
    )
    for table in ("notice", "unaddressed"):
        op.add_column(table, sa.Column("matter", sa.String(length=96), nullable=True))
        op.create_index(f"{table}_matter", table, ["matter"], postgresql_where=_MAY_GO, sqlite_where=_MAY_GO)
    op.add_column("notice", sa.Column("withdrawn", sa.String(length=64), nullable=False, server_default=""))


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
