"""Subtotals of what is posted by day, reckoned once from what is there; targets; indexes for what is open by a month or day."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LEDGER = """
INSERT INTO ledger_subtotal (accounting_date, org_unit, ledger_account, debit_fen, credit_fen, entry_count)
SELECT t.accounting_date, t.org_unit, e.ledger_account,
  sum(CASE WHEN e.amount_fen > 0 THEN e.amount_fen ELSE 0 END),
  sum(CASE WHEN e.amount_fen < 0 THEN -e.amount_fen ELSE 0 END), count(*)
FROM ledger_transaction t JOIN ledger_entry e ON e.transaction_id = t.transaction_id
GROUP BY t.accounting_date, t.org_unit, e.ledger_account
"""
# what is set against a receivable by day, and when that settles it: as services/collection/ledger/store/subtotals.py has it
_RECOVERY = """
INSERT INTO recovery_subtotal
  (month, org_unit, route_no, customer_class, counts_on, due_fen, due_count, collected_fen, collected_count)
SELECT month, org_unit, coalesce(route_no, ''), coalesce(customer_class, ''), day,
  sum(due_fen), sum(due_count), sum(collected_fen), sum(collected_count)
FROM (
  SELECT month, org_unit, route_no, customer_class, posted_on AS day,
    amount_fen AS due_fen, 1 AS due_count, 0 AS collected_fen, 0 AS collected_count
  FROM receivable WHERE month IS NOT NULL
  UNION ALL
  SELECT month, org_unit, route_no, customer_class, reversed_on, -amount_fen, -1, 0, 0
  FROM receivable WHERE month IS NOT NULL AND reversed_on IS NOT NULL
  UNION ALL
  SELECT month, org_unit, route_no, customer_class, day, 0, 0, fen,
    settled - lag(settled, 1, 0) OVER (PARTITION BY receivable_id ORDER BY day)
  FROM (
    SELECT r.month, r.org_unit, r.route_no, r.customer_class, m.receivable_id, m.day, m.fen,
      CASE WHEN sum(m.fen) OVER (PARTITION BY m.receivable_id ORDER BY m.day) = r.amount_fen
        AND (r.reversed_on IS NULL OR m.day < r.reversed_on) THEN 1 ELSE 0 END AS settled
    FROM (
      SELECT receivable_id, day, sum(fen) AS fen FROM (
        SELECT receivable_id, coalesce(counts_on, made_on) AS day, amount_fen AS fen FROM allocation
        UNION ALL
        SELECT receivable_id, reversed_on, 0 FROM receivable WHERE reversed_on IS NOT NULL
      ) AS moves GROUP BY receivable_id, day
    ) AS m JOIN receivable r ON r.receivable_id = m.receivable_id WHERE r.month IS NOT NULL
  ) AS turns
) AS parts
GROUP BY month, org_unit, coalesce(route_no, ''), coalesce(customer_class, ''), day
"""


def upgrade() -> None:
    op.create_table(
        "target",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("unit_kind", columns.Code, nullable=False),
        sa.Column("unit", sa.String(length=160), nullable=False),
        sa.Column("version", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("set_by", columns.No, nullable=False),
        sa.Column("set_on", sa.Date(), nullable=False),
        sa.CheckConstraint("rate_bp > 0 AND rate_bp <= 10000"),
        sa.PrimaryKeyConstraint("month", "unit_kind", "unit", "version"),
    )
    op.create_table(
        "ledger_subtotal",
        sa.Column("position", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("accounting_date", sa.Date(), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("ledger_account", sa.String(length=32), nullable=False),
        sa.Column("debit_fen", columns.Amount, nullable=False),
        sa.Column("credit_fen", columns.Amount, nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_subtotal_day", "ledger_subtotal", ["accounting_date"], unique=False)
    op.create_table(
        "recovery_subtotal",
        sa.Column("position", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("route_no", columns.No, nullable=False),
        sa.Column("customer_class", columns.Code, nullable=False),
        sa.Column("counts_on", sa.Date(), nullable=False),
        sa.Column("due_fen", columns.Amount, nullable=False),
        sa.Column("due_count", sa.Integer(), nullable=False),
        sa.Column("collected_fen", columns.Amount, nullable=False),
        sa.Column("collected_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("recovery_subtotal_month", "recovery_subtotal", ["month", "counts_on"], unique=False)
    op.create_index("recovery_subtotal_day", "recovery_subtotal", ["counts_on"], unique=False)
    op.create_index("receivable_month", "receivable", ["month", "receivable_id"], unique=False)
    op.create_index("receivable_moved", "receivable", ["moved_on"], unique=False)
    op.execute(_LEDGER)
    op.execute(_RECOVERY)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
