"""The sub-meters whose usage is taken off a main meter's."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("sub_meters", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "sub_meter",
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("main_point_no", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("service_point_no", "from_date"),
    )
    op.create_index("sub_meter_main", "sub_meter", ["main_point_no"])
    op.create_index("sub_meter_contract", "sub_meter", ["contract_no"])
