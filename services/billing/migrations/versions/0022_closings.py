"""Supply that nobody uses, and closings of it."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text("state NOT IN ('closed', 'withdrawn')")


def upgrade() -> None:
    op.create_table(
        "unused_supply",
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("take_up_by", sa.Date(), nullable=True),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("why", columns.No, nullable=False),
        sa.Column("explained_until", sa.Date(), nullable=True),
        sa.Column("explained_by", columns.No, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("closing_no", columns.No, nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("contract_no"),
    )
    op.create_index("unused_supply_account", "unused_supply", ["account_no"], unique=False)
    op.create_index("unused_supply_state", "unused_supply", ["state", "take_up_by"], unique=False)
    _closing()
    _told()


def _closing() -> None:
    op.create_table(
        "closing",
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("contract_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("proposed_by", columns.No, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("check_order_no", columns.No, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("waits_for", columns.No, nullable=False),
        sa.Column("checked_by", columns.No, nullable=True),
        sa.Column("check_result", columns.No, nullable=True),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("objection_until", sa.Date(), nullable=True),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("told_way", columns.No, nullable=True),
        sa.Column("told_by", columns.No, nullable=True),
        sa.Column("told_explanation", sa.Text(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("requested_by", columns.No, nullable=True),
        sa.Column("approved_by", columns.No, nullable=True),
        sa.Column("read_order_no", columns.No, nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("billed_on", sa.Date(), nullable=True),
        sa.Column("bill_id", columns.No, nullable=True),
        sa.Column("final_fen", columns.BigInt, nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("paid_out_fen", columns.BigInt, nullable=True),
        sa.Column("kept_fen", columns.BigInt, nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("code", columns.No, nullable=True),
        sa.Column("ended_by", columns.No, nullable=True),
        sa.CheckConstraint("checked_by <> proposed_by", name="closing_checked_by_another"),
        sa.CheckConstraint(
            "approved_by <> proposed_by AND approved_by <> checked_by", name="closing_approved_by_a_third"
        ),
        sa.CheckConstraint("approved_by <> requested_by", name="closing_approved_by_two"),
        sa.PrimaryKeyConstraint("closing_no"),
    )
    op.create_index("closing_account", "closing", ["account_no"], unique=False)
    op.create_index("closing_service_point", "closing", ["service_point_no"], unique=False)
    op.create_index("closing_state", "closing", ["state", "due_on"], unique=False)
    op.create_index(
        "closing_under_way",
        "closing",
        ["contract_no"],
        unique=True,
        postgresql_where=_UNDER_WAY,
        sqlite_where=_UNDER_WAY,
    )


def _told() -> None:
    op.create_table(
        "closing_notice",
        sa.Column("notice_id", columns.No, nullable=False),
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("outcome", columns.No, nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    op.create_index("closing_notice_closing", "closing_notice", ["closing_no"], unique=False)
    op.create_table(
        "closing_answer",
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("answer", columns.No, nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("way", columns.No, nullable=False),
        sa.Column("recorded_by", columns.No, nullable=True),
        sa.PrimaryKeyConstraint("closing_no"),
    )
    op.create_table(
        "closing_settlement",
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=False),
        sa.Column("paid_out_fen", columns.BigInt, nullable=False),
        sa.Column("kept_fen", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("closing_no"),
    )
    op.create_table(
        "closing_meter",
        sa.Column("movement_no", columns.No, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("meter_no", columns.No, nullable=False),
        sa.Column("taken_back_on", sa.Date(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("movement_no"),
    )
    op.create_index("closing_meter_point", "closing_meter", ["service_point_no"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
