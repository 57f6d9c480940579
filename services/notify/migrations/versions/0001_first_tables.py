"""The first tables of the notify service."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns, platform_migrations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform_migrations.create_platform_v1()
    op.create_table(
        "account",
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.create_table("anchor", sa.Column("key", sa.String(length=80), nullable=False), sa.PrimaryKeyConstraint("key"))
    op.create_table(
        "contact",
        sa.Column("contact_no", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contact_no"),
    )
    op.create_index(op.f("ix_contact_account_no"), "contact", ["account_no"], unique=False)
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("contact_no", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("cause_kind", sa.String(length=16), nullable=False),
        sa.Column("cause_id", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("doubts", sa.SmallInteger(), nullable=False),
        sa.Column("resends", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("queued_at", columns.Instant, nullable=False),
        sa.Column("due_at", columns.Instant, nullable=True),
        sa.Column("done_at", columns.Instant, nullable=True),
        sa.Column("template_version", sa.Integer(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("notice_id"),
        sa.UniqueConstraint("cause_id", "contact_no", "template", name="notice_once"),
    )
    op.create_index(op.f("ix_notice_account_no"), "notice", ["account_no"], unique=False)
    op.create_index(
        "notice_due",
        "notice",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at IS NOT NULL"),
        sqlite_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "supply",
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("account_no", "contract_no"),
    )
    op.create_index(op.f("ix_supply_service_point_no"), "supply", ["service_point_no"], unique=False)
    op.create_table(
        "unaddressed",
        sa.Column("cause_id", sa.String(length=64), nullable=False),
        sa.Column("template", sa.String(length=32), nullable=False),
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("cause_kind", sa.String(length=16), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("since", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("cause_id", "template"),
    )
    op.create_index(op.f("ix_unaddressed_account_no"), "unaddressed", ["account_no"], unique=False)
    op.create_index(op.f("ix_unaddressed_service_point_no"), "unaddressed", ["service_point_no"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
