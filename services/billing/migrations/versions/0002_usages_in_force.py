"""Usages that are withdrawn, superseded, late or closed; proposals that are decided together."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What was billed for two months covered two; what a newer version of its days had come for is out of force.
TWO_MONTHLY = """
    UPDATE usage SET months = 2 WHERE usage_id IN (
        SELECT bill.usage_id FROM bill JOIN contract ON contract.contract_no = bill.contract_no
        WHERE contract.cycle_months = 2)
"""
SUPERSEDED = """
    UPDATE usage SET superseded = true WHERE EXISTS (
        SELECT 1 FROM usage AS newer
        WHERE newer.service_point_no = usage.service_point_no AND newer.version > usage.version
          AND newer.period_from < usage.period_to AND newer.period_to > usage.period_from)
"""


def upgrade() -> None:
    op.add_column("usage", sa.Column("months", sa.Integer(), nullable=False, server_default="1"))
    for name in ("late", "withdrawn", "superseded"):
        op.add_column("usage", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("usage", sa.Column("closed_reason", sa.Text(), nullable=True))
    op.add_column("usage", sa.Column("closed_by", sa.String(length=64), nullable=True))
    op.add_column("usage", sa.Column("closed_at", columns.Instant, nullable=True))
    op.create_index(
        "usage_newer",
        "usage",
        ["service_point_no"],
        unique=False,
        postgresql_where=sa.text("version > 1"),
        sqlite_where=sa.text("version > 1"),
    )
    op.add_column("bill", sa.Column("group_id", sa.String(length=64), nullable=True))
    op.execute("UPDATE bill SET group_id = bill_id WHERE status = 'proposed'")
    op.execute(TWO_MONTHLY)
    op.execute(SUPERSEDED)
