"""What objects held before and after a command."""

from shared.db import platform_migrations

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform_migrations.create_platform_v4()
