"""Keys of devices: each is made, replaced and ended by itself. Keys in use go on under their version as their id."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "device_key",
        sa.Column("device_id", columns.No, nullable=False),
        sa.Column("key_id", columns.No, nullable=False),
        sa.Column("made_at", columns.Instant, nullable=False),
        sa.Column("made_by", columns.No, nullable=False),
        sa.Column("ends_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("device_id", "key_id"),
    )
    device = sa.table("device", sa.column("device_id"), sa.column("key_version"))
    kept = sa.select(
        device.c.device_id,
        sa.cast(device.c.key_version, sa.String(64)),
        sa.literal(datetime.now(UTC), columns.Instant),
        sa.literal("system:migration"),
    )
    op.execute(sa.insert(made).from_select(["device_id", "key_id", "made_at", "made_by"], kept))
    with op.batch_alter_table("device") as batch:
        batch.drop_column("key_version")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
