"""What keeps bills from going out until it is lifted."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release_freeze",
        sa.Column("freeze_id", columns.No, nullable=False),
        sa.Column("kind", columns.No, nullable=False),
        sa.Column("subject", columns.No, nullable=False),
        sa.Column("contract_no", columns.No, nullable=True),
        sa.Column("period_from", sa.Date(), nullable=True),
        sa.Column("period_to", sa.Date(), nullable=True),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("frozen_by", columns.No, nullable=False),
        sa.Column("frozen_at", columns.Instant, nullable=False),
        sa.Column("lifted_by", columns.No, nullable=True),
        sa.Column("lifted_at", columns.Instant, nullable=True),
        sa.Column("lift_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('bill', 'contract', 'route', 'rule')", name="release_freeze_kind"),
        sa.CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="release_freeze_lifted"),
        sa.PrimaryKeyConstraint("freeze_id"),
    )
    op.create_index(
        "release_freeze_standing",
        "release_freeze",
        ["freeze_id"],
        unique=False,
        postgresql_where=sa.text("lifted_at IS NULL"),
        sqlite_where=sa.text("lifted_at IS NULL"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
