"""The notices of a party are found by it."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("notice_party", "notice", ["party_no", "notice_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
