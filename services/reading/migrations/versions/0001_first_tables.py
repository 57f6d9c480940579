"""The tables of the reading service, and those that every service has."""

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
        "contract",
        sa.Column("contract_no", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract_no"),
    )
    op.create_index(op.f("ix_contract_service_point_no"), "contract", ["service_point_no"], unique=False)
    op.create_table(
        "curve",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.String(length=32), nullable=False),
        sa.Column("interval_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("missing", sa.SmallInteger(), nullable=False),
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("meter_no", "day", "quantity"),
    )
    op.create_table(
        "device",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("meter_no", sa.String(length=40), nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("active", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("device_id"),
    )
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.String(length=64), nullable=False),
        sa.Column("entity_kind", sa.String(length=16), nullable=False),
        sa.Column("entity_id", sa.String(length=96), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("finding_id"),
        sa.UniqueConstraint("entity_kind", "entity_id", "code", name="finding_natural_key"),
    )
    op.create_table(
        "installation",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("meter_no", "installed_on"),
    )
    op.create_index(op.f("ix_installation_service_point_no"), "installation", ["service_point_no"], unique=False)
    op.create_table(
        "meter",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("registers", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("meter_no"),
    )
    op.create_table(
        "read",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("read_at", columns.Instant, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("quantity", sa.String(length=32), nullable=False),
        sa.Column("count", columns.BigInt, nullable=False),
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("meter_no", "read_at", "source", "quantity"),
    )
    op.create_table(
        "read_correction",
        sa.Column("read_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("read_id", "number"),
    )
    op.create_table(
        "reread",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("bill_id", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("answered_by", sa.String(length=96), nullable=True),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index(op.f("ix_reread_service_point_no"), "reread", ["service_point_no"], unique=False)
    op.create_table(
        "route",
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("read_day", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("route_no"),
    )
    op.create_table(
        "route_cycle",
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("actual", sa.Integer(), nullable=False),
        sa.Column("estimated", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("usages", sa.Integer(), nullable=False),
        sa.Column("sum_wh", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("route_no", "cycle"),
    )
    op.create_table(
        "service_point",
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service_point_no"),
    )
    op.create_index(op.f("ix_service_point_route_no"), "service_point", ["route_no"], unique=False)
    op.create_table(
        "task",
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("usage_id", sa.String(length=64), nullable=True),
        sa.Column("import_wh", columns.BigInt, nullable=True),
        sa.Column("reread", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service_point_no", "read_date"),
        postgresql_with={"fillfactor": 60},
    )
    op.create_index("task_route_cycle", "task", ["route_no", "cycle"], unique=False)
    op.create_table(
        "unread_reason",
        sa.Column("task_id", sa.String(length=80), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("read_date", sa.Date(), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("noted_by", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_table(
        "upload",
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("uploader", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("already_accepted", sa.Integer(), nullable=False),
        sa.Column("conflicting", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "cycle"),
    )
    op.create_index(op.f("ix_upload_cycle"), "upload", ["cycle"], unique=False)
    op.create_table(
        "usage",
        sa.Column("usage_id", sa.String(length=64), nullable=False),
        sa.Column("service_point_no", sa.String(length=64), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("route_no", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("quality", sa.String(length=16), nullable=False),
        sa.Column("energy", sa.Text(), nullable=False),
        sa.Column("import_wh", columns.BigInt, nullable=False),
        sa.Column("closing_meter", sa.String(length=40), nullable=False),
        sa.Column("closing_counts", sa.Text(), nullable=False),
        sa.Column("closing_source", sa.String(length=16), nullable=False),
        sa.Column("closing_actors", sa.Text(), nullable=False),
        sa.Column("actors", sa.Text(), nullable=False),
        sa.Column("read_ids", sa.Text(), nullable=False),
        sa.Column("meter_nos", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("estimate_reason", sa.String(length=64), nullable=True),
        sa.Column("estimates_in_a_row", sa.SmallInteger(), nullable=False),
        sa.Column("settles_estimate", sa.SmallInteger(), nullable=False),
        sa.Column("replaces_reason", sa.String(length=64), nullable=True),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("usage_id"),
        sa.UniqueConstraint("service_point_no", "period_from", "version", name="usage_natural_key"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
