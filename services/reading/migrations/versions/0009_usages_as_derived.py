"""Usages carry what they were derived from: registers at both ends, months, what was told late, what is no more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INSTALLED_ON = """
    SELECT MAX(i.installed_on) FROM installation i
    WHERE i.meter_no = usage.closing_meter AND i.service_point_no = usage.service_point_no
      AND i.installed_on <= usage.period_to
"""


def upgrade() -> None:
    small = sa.SmallInteger()
    with op.batch_alter_table("usage") as usage:
        usage.add_column(sa.Column("read_date", sa.Date(), nullable=True))
        usage.add_column(sa.Column("months", small, server_default="1", nullable=False))
        usage.add_column(sa.Column("withdrawn", small, server_default="0", nullable=False))
        usage.add_column(sa.Column("late", small, server_default="0", nullable=False))
        usage.add_column(sa.Column("demand", sa.Text(), server_default="{}", nullable=False))
        usage.add_column(sa.Column("registers", sa.Text(), server_default="[]", nullable=False))
        usage.add_column(sa.Column("opening_known", small, server_default="1", nullable=False))
        usage.add_column(sa.Column("closing_installed_on", sa.Date(), nullable=True))
        usage.add_column(sa.Column("closing_known", small, server_default="1", nullable=False))
        usage.add_column(sa.Column("closing_read_ids", sa.Text(), server_default="", nullable=False))
        usage.add_column(sa.Column("estimate_method", sa.String(length=64), nullable=True))
    op.execute("UPDATE usage SET read_date = period_to")
    op.execute("UPDATE usage SET closing_known = 0 WHERE quality = 'estimated'")
    op.execute("UPDATE usage SET opening_known = 0 WHERE settles_estimate = 1")
    op.execute(f"UPDATE usage SET closing_installed_on = ({INSTALLED_ON})")
    with op.batch_alter_table("usage") as usage:
        usage.alter_column("read_date", existing_type=sa.Date(), nullable=False)
        usage.drop_constraint("usage_natural_key", type_="unique")
        usage.create_unique_constraint("usage_natural_key", ["service_point_no", "period_from", "period_to", "version"])
        for name in ("months", "withdrawn", "late", "opening_known", "closing_known"):
            usage.alter_column(name, existing_type=small, server_default=None)
        for name in ("demand", "registers", "closing_read_ids"):
            usage.alter_column(name, existing_type=sa.Text(), server_default=None)
    op.create_index("usage_route_read_date", "usage", ["route_no", "read_date"], unique=False)
    with op.batch_alter_table("task") as task:
        task.drop_column("import_wh")
        task.add_column(sa.Column("months", small, server_default="1", nullable=False))
    op.execute("UPDATE task SET status = 'open' WHERE status = 'skipped'")
    op.add_column("service_point", sa.Column("watched_from", sa.Date(), nullable=True))
    op.add_column("service_point", sa.Column("curved", small, server_default="0", nullable=False))
    op.add_column("contract", sa.Column("annulled", small, server_default="0", nullable=False))
    op.execute(
        "UPDATE service_point SET watched_from = (SELECT MIN(u.period_from) FROM usage u "
        "WHERE u.service_point_no = service_point.service_point_no AND (u.closing_known = 0 OR u.opening_known = 0))"
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
