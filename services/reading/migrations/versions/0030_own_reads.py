"""Own reads that customers are asked for; reads of source self are found by their instants."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

ASKED = sa.text("state = 'asked'")
OWN = sa.text("source = 'self'")


def upgrade() -> None:
    op.create_table(
        "own_read",
        sa.Column("request_no", columns.No, nullable=False),
        sa.Column("question_id", columns.No, nullable=False, unique=True),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("asked_by", columns.No, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("recorded_by", columns.No, nullable=True),
        sa.Column("read_id", columns.No, nullable=True),
        sa.Column("code", columns.Code, nullable=True),
        sa.PrimaryKeyConstraint("request_no"),
    )
    op.create_index("own_read_list", "own_read", ["asked_on", "request_no"], unique=False)
    op.create_index(
        "own_read_asked", "own_read", ["service_point_no"], unique=True, postgresql_where=ASKED, sqlite_where=ASKED
    )
    op.create_index("read_own", "read", ["read_at", "meter_no"], unique=False, postgresql_where=OWN, sqlite_where=OWN)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
