"""Cuts of supply for arrears, their orders, and what must not be cut."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cut",
        sa.Column("cut_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("state", columns.Code, nullable=False),
        sa.Column("code", columns.Code, nullable=False),
        sa.Column("outstanding_fen", columns.BigInt, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("proposed_by", columns.No, nullable=False),
        sa.Column("approved_by", columns.No, nullable=True),
        sa.Column("announcement", sa.Integer(), nullable=False),
        sa.Column("announcement_id", columns.No, nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("cut_at", columns.Instant, nullable=True),
        sa.Column("expires_at", columns.Instant, nullable=True),
        sa.Column("due_at", columns.Instant, nullable=True),
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("sequence", columns.BigInt, nullable=False),
        sa.Column("switched_at", columns.Instant, nullable=True),
        sa.Column("restore_by", columns.Instant, nullable=True),
        sa.Column("restored_at", columns.Instant, nullable=True),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> proposed_by", name="cut_two_people"),
        sa.CheckConstraint("state IN ('proposed', 'ended') OR approved_by IS NOT NULL", name="cut_is_approved"),
        sa.PrimaryKeyConstraint("cut_no"),
    )
    in_force = sa.text("state <> 'ended'")
    op.create_index(
        "cut_in_force", "cut", ["service_point_no"], unique=True, postgresql_where=in_force, sqlite_where=in_force
    )
    op.create_index("cut_state", "cut", ["state", "cut_no"], unique=False)
    op.create_index("cut_account", "cut", ["account_no"], unique=False)
    op.create_index("cut_announcement", "cut", ["announcement_id"], unique=False)
    op.create_table(
        "cut_debt",
        sa.Column("cut_no", columns.No, nullable=False),
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("cut_no", "receivable_id"),
    )
    op.create_table(
        "cut_order",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("cut_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("action", columns.Code, nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("order_no"),
    )
    op.create_index("ix_cut_order_asked_on", "cut_order", ["asked_on"], unique=False)
    op.create_index("ix_cut_order_cut_no", "cut_order", ["cut_no"], unique=False)
    op.create_table(
        "point_mark",
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("kind", columns.Code, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("marked_by", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("service_point_no", "kind"),
    )
    op.create_table(
        "cut_ban",
        sa.Column("ban_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("from_at", columns.Instant, nullable=False),
        sa.Column("until", columns.Instant, nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("banned_by", columns.No, nullable=False),
        sa.CheckConstraint("until > from_at"),
        sa.PrimaryKeyConstraint("ban_no"),
    )
    op.create_index("cut_ban_until", "cut_ban", ["until"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
