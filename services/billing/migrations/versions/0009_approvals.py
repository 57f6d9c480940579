"""Approvals of two people, and dead letters that are discarded."""

from shared.db import platform_migrations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform_migrations.create_platform_v2()
