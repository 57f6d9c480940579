"""Meters as things: their types, ranges, movements, tests, seals, and the spells of their lives."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

METER_NO, ORG_UNIT, SHORT = sa.String(length=40), sa.String(length=128), sa.String(length=16)


def upgrade() -> None:
    op.add_column("meter", sa.Column("meter_type", columns.Code, nullable=True))
    _ranges()
    _movements()
    _seals()
    op.create_table(
        "meter_spell",
        sa.Column("meter_no", METER_NO, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("state", SHORT, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=True),
        sa.Column("warehouse", ORG_UNIT, nullable=True),
        sa.PrimaryKeyConstraint("meter_no", "from_day"),
    )
    _lives_of_what_stands()
    op.create_index("meter_spell_state", "meter_spell", ["state", "from_day"], unique=False)


def _ranges() -> None:
    op.create_table(
        "meter_range",
        sa.Column("range_no", columns.No, nullable=False),
        sa.Column("from_no", METER_NO, nullable=False),
        sa.Column("to_no", METER_NO, nullable=False),
        sa.Column("org_unit", ORG_UNIT, nullable=False),
        sa.Column("meter_type", columns.Code, nullable=False),
        sa.Column("registers", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("owner", columns.Code, nullable=False),
        sa.Column("batch_no", columns.No, nullable=True),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("verified_until", sa.Date(), nullable=True),
        sa.Column("meters", sa.Integer(), nullable=False),
        sa.Column("actor", columns.No, nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("range_no"),
    )
    op.create_table(
        "meter_receipt",
        sa.Column("meter_no", METER_NO, nullable=False),
        sa.Column("range_no", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("meter_no"),
    )
    op.create_index("ix_meter_receipt_range_no", "meter_receipt", ["range_no"], unique=False)


def _movements() -> None:
    op.create_table(
        "meter_movement",
        sa.Column("movement_no", columns.No, nullable=False),
        sa.Column("meter_no", METER_NO, nullable=False),
        sa.Column("kind", SHORT, nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("warehouse", ORG_UNIT, nullable=True),
        sa.Column("reason", columns.Code, nullable=True),
        sa.Column("actor", columns.No, nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.Column("fits", sa.SmallInteger(), nullable=False),
        sa.Column("annulled", sa.SmallInteger(), nullable=False),
        sa.Column("annulled_for", columns.Code, nullable=True),
        sa.Column("told_point", columns.No, nullable=True),
        sa.Column("told_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("movement_no"),
        sa.CheckConstraint("kind <> 'scrap' OR reason IS NOT NULL", name="meter_movement_scrapped_for_a_reason"),
    )
    op.create_index("ix_meter_movement_meter_no", "meter_movement", ["meter_no"], unique=False)
    op.create_index("meter_movement_list", "meter_movement", ["moved_on", "movement_no"], unique=False)
    op.create_table(
        "stock_test",
        sa.Column("lab_no", columns.No, nullable=False),
        sa.Column("meter_no", METER_NO, nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column("result", SHORT, nullable=False),
        sa.Column("errors", sa.Text(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("actor", columns.No, nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.Column("annulled", sa.SmallInteger(), nullable=False),
        sa.Column("annulled_for", columns.Code, nullable=True),
        sa.PrimaryKeyConstraint("lab_no"),
    )
    op.create_index("ix_stock_test_meter_no", "stock_test", ["meter_no"], unique=False)
    op.create_index("stock_test_list", "stock_test", ["tested_on", "lab_no"], unique=False)


def _seals() -> None:
    op.create_table(
        "seal_event",
        sa.Column("seal_no", columns.No, nullable=False),
        sa.Column("meter_no", METER_NO, nullable=False),
        sa.Column("done_on", sa.Date(), nullable=False),
        sa.Column("kind", SHORT, nullable=False),
        sa.Column("done_by", columns.No, nullable=False),
        sa.Column("actor", columns.No, nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("seal_no", "meter_no", "done_on", "kind"),
    )
    op.create_index("seal_event_meter", "seal_event", ["meter_no"], unique=False)
    op.create_table(
        "meter_seal",
        sa.Column("seal_no", columns.No, nullable=False),
        sa.Column("meter_no", METER_NO, nullable=False),
        sa.Column("state", SHORT, nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seal_no"),
    )
    op.create_index("ix_meter_seal_meter_no", "meter_seal", ["meter_no"], unique=False)


def _lives_of_what_stands() -> None:
    """The life of a meter that is there already begins with its first installation."""
    columns_ = "meter_no, from_day, to_day, state, service_point_no, warehouse"
    op.execute(
        f"INSERT INTO meter_spell ({columns_}) SELECT meter_no, installed_on, removed_on, 'installed',"
        " service_point_no, NULL FROM installation WHERE annulled = 0"
    )
    op.execute(
        f"INSERT INTO meter_spell ({columns_}) SELECT meter_no, removed_on, follows, 'removed', service_point_no, NULL FROM"
        " (SELECT meter_no, removed_on, service_point_no,"
        " LEAD(installed_on) OVER (PARTITION BY meter_no ORDER BY installed_on) AS follows"
        " FROM installation WHERE annulled = 0) AS stood"
        " WHERE removed_on IS NOT NULL AND (follows IS NULL OR follows > removed_on)"
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
