"""The chain over the audit rows."""

from shared.db import platform_migrations

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform_migrations.create_platform_v3()
