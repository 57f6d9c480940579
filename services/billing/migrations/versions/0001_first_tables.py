"""The tables of billing."""

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
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.create_table(
        "bill",
        sa.Column("bill_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("usage_id", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("energy_wh", columns.BigInt, nullable=False),
        sa.Column("total_fen", columns.BigInt, nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.Column("tariffs", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("ladder_state", sa.Text(), nullable=False),
        sa.Column("restated_state", sa.Text(), nullable=True),
        sa.Column("replaces", sa.String(length=64), nullable=True),
        sa.Column("correction_id", sa.String(length=64), nullable=True),
        sa.Column("by_difference", sa.Boolean(), nullable=False),
        sa.Column("issue_on", sa.Date(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("held_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("bill_id"),
        sa.UniqueConstraint("contract_no", "period_from", "period_to", "version", name="bill_natural_key"),
    )
    op.create_index(
        "bill_in_review",
        "bill",
        ["held_at", "bill_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('held', 'proposed')"),
        sqlite_where=sa.text("status IN ('held', 'proposed')"),
    )
    op.create_index(
        "bill_ready",
        "bill",
        ["route_no", "cycle", "account_no"],
        unique=False,
        postgresql_where=sa.text("status = 'ready'"),
        sqlite_where=sa.text("status = 'ready'"),
    )
    op.create_table(
        "bill_document",
        sa.Column("bill_id", sa.String(length=64), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("calculated_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("bill_id"),
    )
    op.create_table(
        "bill_party",
        sa.Column("bill_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("bill_id", "subject"),
        sa.UniqueConstraint("bill_id", "subject", "role", name="bill_party_role"),
    )
    op.create_table(
        "bill_run",
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("usages", sa.Integer(), nullable=True),
        sa.Column("sum_wh", columns.BigInt, nullable=True),
        sa.Column("missed", sa.Integer(), nullable=True),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("issue_on", sa.Date(), nullable=True),
        sa.Column("closed_at", columns.Instant, nullable=True),
        sa.Column("releasing_at", columns.Instant, nullable=True),
        sa.Column("released_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("route_no", "cycle"),
    )
    op.create_table(
        "business_day",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "contract",
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("account_version", sa.Integer(), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=True),
        sa.Column("assignments", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("cycle_months", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract_no"),
    )
    op.create_index("contract_account", "contract", ["account_no"], unique=False)
    op.create_index("contract_service_point", "contract", ["service_point_no"], unique=False)
    op.create_table(
        "correction",
        sa.Column("correction_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("style", sa.String(length=64), nullable=False),
        sa.Column("corrected_on", sa.Date(), nullable=False),
        sa.Column("reversed_fen", columns.BigInt, nullable=False),
        sa.Column("replaced_fen", columns.BigInt, nullable=False),
        sa.Column("reversals", sa.Text(), nullable=False),
        sa.Column("replacements", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("correction_id"),
    )
    op.create_index("correction_contract", "correction", ["contract_no"], unique=False)
    op.create_table(
        "difference",
        sa.Column("difference_id", sa.String(length=64), nullable=False),
        sa.Column("correction_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("bill_id", sa.String(length=64), nullable=False),
        sa.Column("replacement_id", sa.String(length=64), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("total_fen", columns.BigInt, nullable=False),
        sa.Column("components", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("difference_id"),
        sa.UniqueConstraint("bill_id", name="difference_of_bill"),
        sa.UniqueConstraint("replacement_id", name="difference_tells_bill"),
    )
    op.create_index("difference_correction", "difference", ["correction_id"], unique=False)
    op.create_table(
        "rating_document",
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=160), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("used", sa.Boolean(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "document_id", "version"),
    )
    op.create_table(
        "release_switch",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "service_point",
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )
    op.create_table(
        "usage",
        sa.Column("usage_id", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=64), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("import_wh", columns.BigInt, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("waiting_for", sa.String(length=64), nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("usage_id"),
        sa.UniqueConstraint("service_point_no", "period_from", "period_to", "version", name="usage_natural_key"),
    )
    op.create_index("usage_run", "usage", ["route_no", "cycle"], unique=False)
    op.create_index(
        "usage_waiting",
        "usage",
        ["service_point_no"],
        unique=False,
        postgresql_where=sa.text("waiting_for <> ''"),
        sqlite_where=sa.text("waiting_for <> ''"),
    )
    op.create_table(
        "review_decision",
        sa.Column("decision_id", sa.String(length=64), nullable=False),
        sa.Column("bill_id", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("decided_at", columns.Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["bill_id", "decided_by", "role"],
            ["bill_party.bill_id", "bill_party.subject", "bill_party.role"],
            name="review_decision_by_reviewer",
        ),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("review_decision_bill", "review_decision", ["bill_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
