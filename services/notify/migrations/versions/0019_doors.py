"""The addresses of service points, sealed, and by whom they were checked."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "door",
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("address_sealed", sa.Text(), nullable=False),
        sa.Column("address_since", sa.Integer(), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
