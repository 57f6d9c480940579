"""Trial runs."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trial_run",
        sa.Column("trial_id", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", columns.No, nullable=True),
        sa.Column("cycle_from", columns.No, nullable=False),
        sa.Column("cycle_to", columns.No, nullable=False),
        sa.Column("proposals", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", columns.No, nullable=False),
        sa.Column("asked_at", columns.Instant, nullable=False),
        sa.Column("status", columns.No, nullable=False),
        sa.Column("why", columns.No, nullable=False),
        sa.Column("rests_on", columns.No, nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("contracts_done", sa.Integer(), nullable=False),
        sa.Column("after_contract", columns.No, nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("leased_by", columns.No, nullable=False),
        sa.Column("leased_until", columns.Instant, nullable=True),
        sa.Column("finished_at", columns.Instant, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("trial_id"),
    )
    under_way = sa.text("status IN ('waiting', 'running')")
    op.create_index(
        "trial_run_under_way", "trial_run", ["trial_id"], postgresql_where=under_way, sqlite_where=under_way
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
