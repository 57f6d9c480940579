"""What was asked for a document is found by it."""

from alembic import op

from shared.db import platform_migrations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("question_subject", "question", ["subject_id"])
    platform_migrations.index_approvals()


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
