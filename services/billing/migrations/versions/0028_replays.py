"""On what bills are calculated is kept, and what became of those that were calculated again from it.

The contents of rating documents stay among the proposals for good; those that are stored already come there now.
"""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calculation_basis",
        sa.Column("basis_hash", columns.No, nullable=False),
        sa.Column("documents", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("software", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("basis_hash"),
    )
    op.create_table(
        "account_before",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_no", "version"),
    )
    op.create_table(
        "contract_before",
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("account_version", sa.Integer(), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.Column("assignments", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("cycle_months", sa.Integer(), nullable=False),
        sa.Column("annulled", sa.Boolean(), nullable=False),
        sa.Column("sub_meters", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("contract_no", "account_version"),
    )
    op.create_table(
        "replay",
        sa.Column("bill_id", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("cycle", columns.No, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("result", columns.No, nullable=False),
        sa.Column("reason", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bill_id"),
    )
    failing = sa.text("result IN ('differs', 'failed')")
    op.create_index("replay_failing", "replay", ["bill_id"], postgresql_where=failing, sqlite_where=failing)
    op.execute(
        "INSERT INTO rating_proposal (content_hash, kind, document_id, version, document)"
        " SELECT content_hash, kind, document_id, version, document FROM rating_document AS d"
        " WHERE NOT EXISTS (SELECT 1 FROM rating_proposal AS p WHERE p.content_hash = d.content_hash)"
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
