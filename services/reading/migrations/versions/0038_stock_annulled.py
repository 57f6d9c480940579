"""Events of seals wait or are annulled as movements are; a seal that was put and removed on one day is off; annulled ranges."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meter_range", sa.Column("annulled_for", columns.Code, nullable=True))
    op.add_column("seal_event", sa.Column("fits", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("seal_event", sa.Column("annulled", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("seal_event", sa.Column("annulled_for", columns.Code, nullable=True))
    op.create_index("seal_event_list", "seal_event", ["done_on", "seal_no"], unique=False)
    op.create_index("seal_event_waiting", "seal_event", ["fits", "annulled"], unique=False)
    op.create_index("meter_movement_waiting", "meter_movement", ["fits", "annulled"], unique=False)
    of_it = "SELECT 1 FROM seal_event AS told WHERE told.seal_no = meter_seal.seal_no"
    that_day = f"{of_it} AND told.meter_no = meter_seal.meter_no AND told.done_on = meter_seal.since"
    op.execute(
        "UPDATE meter_seal SET state = 'off', version = version + 1 WHERE state <> 'off'"
        f" AND EXISTS ({that_day} AND told.kind = 'put') AND EXISTS ({that_day} AND told.kind = 'removed')"
        f" AND NOT EXISTS ({of_it} AND told.done_on < meter_seal.since)"
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
