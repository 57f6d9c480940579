"""Which notices went out in the message of another one."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_joined",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("lead_id", sa.String(length=64), nullable=False),
        sa.Column("lead_way", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "way"),
    )
    op.create_index("notice_joined_lead", "notice_joined", ["lead_id", "lead_way"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
