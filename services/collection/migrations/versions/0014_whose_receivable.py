"""Receivables know route, class, month and the days on which they count; who collects is dated data.

What an older version has issued knows neither route nor class. Its days follow from what it posted; an allocation of
before counts on the day on which it was made.
"""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_POSTED = (
    "(SELECT min(t.accounting_date) FROM ledger_transaction t WHERE t.document_id = receivable.document_id"
    " AND t.document_kind = receivable.document_kind AND t.kind = '{kind}')"
)
_MOVED = "(SELECT max(a.made_on) FROM allocation a WHERE a.receivable_id = receivable.receivable_id)"
_MONTH = {"postgresql": "to_char({day}, 'YYYY-MM')", "sqlite": "substr({day}, 1, 7)"}


def upgrade() -> None:
    op.add_column("receivable", sa.Column("route_no", columns.No, nullable=True))
    op.add_column("receivable", sa.Column("customer_class", columns.Code, nullable=True))
    op.add_column("receivable", sa.Column("month", sa.String(length=7), nullable=True))
    for name in ("posted_on", "moved_on", "reversed_on"):
        op.add_column("receivable", sa.Column(name, sa.Date(), nullable=True))
    op.add_column("allocation", sa.Column("counts_on", sa.Date(), nullable=True))
    op.execute(
        f"UPDATE receivable SET posted_on = {_POSTED.format(kind='issue')}, moved_on = {_MOVED},"
        f" reversed_on = {_POSTED.format(kind='reversal')}"
    )
    op.execute("UPDATE receivable SET moved_on = reversed_on WHERE moved_on IS NULL OR moved_on < reversed_on")
    month = _MONTH[op.get_bind().dialect.name].format(
        day="(CASE WHEN document_kind = 'opening' THEN issued_on ELSE posted_on END)"
    )
    op.execute(f"UPDATE receivable SET month = {month} WHERE amount_fen > 0 AND document_kind <> 'payout'")
    op.create_table(
        "team",
        sa.Column("unit_kind", columns.Code, nullable=False),
        sa.Column("unit", sa.String(length=160), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("team", columns.Code, nullable=True),
        sa.Column("set_by", columns.No, nullable=False),
        sa.Column("set_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("unit_kind", "unit", "valid_from"),
    )


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
