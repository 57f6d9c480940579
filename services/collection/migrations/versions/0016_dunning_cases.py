"""Cases of dunning with their steps and holds; what was reminded of before is a step without a case, and begins none anew."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_OPEN = sa.text("closed_on IS NULL")
_MOVED = (
    """INSERT INTO dunning_step (step_id, case_no, account_no, org_unit, stage, action, track, tone, business_date,
                                 outstanding_fen, due_on, recorded_at)
       SELECT r.reminder_id, '', r.account_no, r.org_unit, r.stage, 'notice', 'resident', NULL, r.business_date,
              r.outstanding_fen, v.due_on, r.recorded_at
       FROM reminder r JOIN receivable v ON v.receivable_id = r.receivable_id""",
    """INSERT INTO dunning_step_debt (step_id, receivable_id, outstanding_fen)
       SELECT reminder_id, receivable_id, outstanding_fen FROM reminder""",
    """INSERT INTO dunning_debt (receivable_id, account_no, stage, stage_on)
       SELECT v.receivable_id, v.account_no, 1, max(r.business_date)
       FROM reminder r JOIN receivable v ON v.receivable_id = r.receivable_id
       WHERE v.status = 'open' GROUP BY v.receivable_id, v.account_no""",
    """INSERT INTO dunning_case (case_no, account_no, org_unit, track, state, stage, stage_on, action, opened_on, judged_on,
                                 outstanding_fen, held_fen, due_on, debts)
       SELECT min(r.reminder_id), v.account_no, min(v.org_unit), 'resident', 'open', 1, max(r.business_date), 'notice',
              min(r.business_date), max(r.business_date), sum(v.outstanding_fen), 0, min(v.due_on), count(*)
       FROM reminder r JOIN receivable v ON v.receivable_id = r.receivable_id
       WHERE v.status = 'open' GROUP BY v.account_no""",
)


def upgrade() -> None:
    op.create_table(
        "dunning_case",
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("track", columns.Code, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("stage_on", sa.Date(), nullable=True),
        sa.Column("action", columns.Code, nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("judged_on", sa.Date(), nullable=False),
        sa.Column("outstanding_fen", columns.Amount, nullable=False),
        sa.Column("held_fen", columns.Amount, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("debts", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_on IS NOT NULL)"),
        sa.PrimaryKeyConstraint("case_no"),
    )
    op.create_index(
        "dunning_case_open", "dunning_case", ["account_no"], unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN
    )
    op.create_index("dunning_case_account", "dunning_case", ["account_no", "opened_on"], unique=False)
    op.create_table(
        "dunning_debt",
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("stage_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("receivable_id"),
    )
    op.create_index("dunning_debt_account", "dunning_debt", ["account_no"], unique=False)
    op.create_table(
        "dunning_step",
        sa.Column("step_id", columns.No, nullable=False),
        sa.Column("case_no", columns.No, nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("action", columns.Code, nullable=False),
        sa.Column("track", columns.Code, nullable=False),
        sa.Column("tone", columns.Code, nullable=True),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("outstanding_fen", columns.Amount, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("step_id"),
    )
    op.create_index("dunning_step_account", "dunning_step", ["account_no"], unique=False)
    op.create_index("dunning_step_case", "dunning_step", ["case_no"], unique=False)
    op.create_table(
        "dunning_step_debt",
        sa.Column("step_id", columns.No, nullable=False),
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.Column("outstanding_fen", columns.Amount, nullable=False),
        sa.PrimaryKeyConstraint("step_id", "receivable_id"),
    )
    op.create_index("dunning_step_debt_receivable", "dunning_step_debt", ["receivable_id"], unique=False)
    _create_holds()
    for statement in _MOVED:
        op.execute(statement)
    op.drop_table("reminder")


def _create_holds() -> None:
    op.create_table(
        "dunning_hold",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("hold_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("reason", columns.Code, nullable=False),
        sa.Column("holds_all", sa.Boolean(), nullable=False),
        sa.Column("held_from", sa.Date(), nullable=False),
        sa.Column("held_until", sa.Date(), nullable=False),
        sa.Column("held_by", columns.No, nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_by", columns.No, nullable=True),
        sa.CheckConstraint("held_until >= held_from"),
        sa.PrimaryKeyConstraint("account_no", "hold_no"),
    )
    op.create_table(
        "dunning_hold_receivable",
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("hold_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("receivable_id", columns.No, nullable=False),
        sa.PrimaryKeyConstraint("account_no", "hold_no", "receivable_id"),
    )
    op.create_index("dunning_hold_receivable_of", "dunning_hold_receivable", ["receivable_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
