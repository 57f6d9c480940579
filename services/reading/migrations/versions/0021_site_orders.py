"""Site orders. Requests to read again are some; those made before count from the month after their cycle, without a due day."""

from datetime import date

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "site_order",
        sa.Column("order_no", columns.No, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=128), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("requested_by", columns.No, nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("reference", columns.No, nullable=True),
        sa.Column("cycle", sa.String(length=7), nullable=True),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("assignee", columns.No, nullable=True),
        sa.Column("visited_by", columns.No, nullable=True),
        sa.Column("visited_at", columns.Instant, nullable=True),
        sa.Column("outcome", columns.Code, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("meter_no", sa.String(length=40), nullable=True),
        sa.Column("registers", sa.Text(), nullable=True),
        sa.Column("read_id", sa.String(length=96), nullable=True),
        sa.Column("decided_by", columns.No, nullable=True),
        sa.Column("turned_back", sa.Text(), nullable=True),
        sa.Column("turned_back_for", columns.Code, nullable=True),
        sa.Column("overdue_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("order_no"),
        sa.CheckConstraint(
            "visited_by IS NULL OR ((decided_by IS NULL OR decided_by <> visited_by)"
            " AND (read_id IS NULL OR decided_by IS NOT NULL))",
            name="site_order_visitor_is_not_decider",
        ),
        sa.CheckConstraint(
            "kind <> 'closing_check' OR visited_by IS NULL OR visited_by <> requested_by",
            name="site_order_closing_is_checked_by_another",
        ),
    )
    op.create_index(op.f("ix_site_order_service_point_no"), "site_order", ["service_point_no"], unique=False)
    op.create_index(op.f("ix_site_order_reference"), "site_order", ["reference"], unique=False)
    op.create_index("site_order_work", "site_order", ["state", "due_on"], unique=False)
    op.create_index("site_order_list", "site_order", ["asked_on", "order_no"], unique=False)
    rows = op.get_bind().execute(sa.text("SELECT * FROM reread ORDER BY request_id")).mappings().all()
    if rows:
        op.bulk_insert(made, [_order(dict(row)) for row in rows])
    op.drop_table("reread")


def _order(reread: dict[str, str | None]) -> dict[str, object]:
    year, month = map(int, str(reread["cycle"]).split("-"))
    is_answered = reread["status"] == "answered"
    return {
        "order_no": reread["request_id"],
        "kind": "reread",
        "service_point_no": reread["service_point_no"],
        "org_unit": reread["org_unit"],
        "origin": "billing",
        "requested_by": reread["requested_by"],
        "reason": reread["reason"],
        "reference": reread["bill_id"],
        "cycle": reread["cycle"],
        "asked_on": date(year + month // 12, month % 12 + 1, 1),
        "state": "done" if is_answered else "open",
        "outcome": "read_came" if is_answered else None,
        "read_id": reread["answered_by"],
        "version": 1,
    }


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
