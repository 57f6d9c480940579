"""A notice takes one way after the other: what became of each, and the receipts of gateways."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DUE = sa.text("due_at IS NOT NULL")
NAMED = sa.text("reference <> ''")
WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    op.add_column("notice", sa.Column("service_point_no", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("notice", sa.Column("way", sa.SmallInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE notice SET way = resends WHERE resends > 0")
    op.drop_index("notice_due", table_name="notice")
    op.create_index("notice_due", "notice", ["channel", "due_at"], unique=False, postgresql_where=DUE, sqlite_where=DUE)
    op.create_table(
        "notice_way",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("point_no", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("code", columns.Code, nullable=False),
        sa.Column("at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "way"),
    )
    op.create_index(
        "notice_way_reference",
        "notice_way",
        ["gateway", "reference"],
        unique=False,
        postgresql_where=NAMED,
        sqlite_where=NAMED,
    )
    op.create_table(
        "receipt",
        sa.Column("gateway", sa.String(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("code", columns.Code, nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.SmallInteger(), nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "message_id", "reference", "result"),
    )
    op.create_index(
        "receipt_waiting", "receipt", ["received_at"], unique=False, postgresql_where=WAITING, sqlite_where=WAITING
    )


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
