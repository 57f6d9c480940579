"""Since when a device is that of its meter, and when a point of a roll-out was planned anew."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rollout_point", sa.Column("replanned_on", sa.Date(), nullable=True))
    op.create_table(
        "device_meter",
        sa.Column("device_id", columns.No, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "from_day"),
    )
    op.create_index("ix_device_meter_meter_no", "device_meter", ["meter_no"], unique=False)
    # since when those that are there are so, nobody has noted: ever
    op.execute(
        "INSERT INTO device_meter (device_id, from_day, meter_no) SELECT device_id, '0001-01-01', meter_no FROM device"
        " WHERE active = 1 AND meter_no IS NOT NULL"
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
