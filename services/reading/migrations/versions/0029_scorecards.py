"""Scorecards of readers, the rows that they count, and what billing has corrected."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

COUNTS = (
    *("expected", "early", "on_time", "late", "unread", "open", "read_by_others", "estimated", "missed", "wrong"),
    *("serious", "fixed_same_day", "fix_days", "disputes_confirmed"),
)
FIRST = "substr(read_id, 1, instr(read_id, '~') - 1)"


def upgrade() -> None:
    op.add_column("read_correction", sa.Column("found_on", sa.Date(), nullable=True))
    op.add_column("read_correction", sa.Column("meter_no", sa.String(length=40), nullable=False, server_default=""))
    first = "split_part(read_id, '~', 1)" if op.get_bind().dialect.name == "postgresql" else FIRST
    op.execute(f"UPDATE read_correction SET meter_no = {first}")
    op.create_index(op.f("ix_read_correction_meter_no"), "read_correction", ["meter_no"], unique=False)
    op.create_index(op.f("ix_read_correction_created_at"), "read_correction", ["created_at"], unique=False)
    op.create_table(
        "scorecard",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("reader", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.PrimaryKeyConstraint("month", "route_no", "reader", "org_unit"),
    )
    op.create_index("scorecard_reader", "scorecard", ["month", "reader", "route_no"], unique=False)
    op.create_table(
        "scorecard_row",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("reader", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ended", sa.String(length=16), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("read_by", columns.No, nullable=True),
        sa.Column("fault", sa.String(length=16), nullable=True),
        sa.Column("serious", sa.SmallInteger(), nullable=False),
        sa.Column("fix_days", sa.SmallInteger(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject"),
    )
    op.create_index("scorecard_row_route", "scorecard_row", ["month", "route_no", "kind", "subject"], unique=False)
    op.create_index("scorecard_row_reader", "scorecard_row", ["month", "reader", "kind", "subject"], unique=False)
    op.create_index("scorecard_row_point", "scorecard_row", ["service_point_no", "day"], unique=False)
    op.create_table(
        "corrected_bill",
        sa.Column("correction_id", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("corrected_on", sa.Date(), nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("correction_id", "service_point_no", "day"),
    )
    op.create_index(op.f("ix_corrected_bill_corrected_on"), "corrected_bill", ["corrected_on"], unique=False)
    op.create_index("conduct_finding_subject", "conduct_finding", ["subject"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
