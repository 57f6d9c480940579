"""What comes of a closing too late is a finding; all answers are kept; a contract that a closing has ended says so."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")
_ENDED = "state IN ('ended', 'billed', 'settled', 'closed')"


def upgrade() -> None:
    op.create_table(
        "closing_finding",
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("code", columns.No, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("account_no", columns.No, nullable=False),
        sa.Column("service_point_no", columns.No, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", columns.No, nullable=False),
        sa.Column("explained_by", columns.No, nullable=True),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("closing_no", "code"),
    )
    op.create_index(
        "closing_finding_open",
        "closing_finding",
        ["closing_no", "code"],
        unique=False,
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
    _answers()
    op.add_column("closing", sa.Column("ends_account", sa.Boolean(), nullable=True))
    op.add_column("contract", sa.Column("closing_ends_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE contract SET closing_ends_on = (SELECT max(closing.ends_on) FROM closing WHERE"
        f" closing.contract_no = contract.contract_no AND closing.{_ENDED})"
        f" WHERE contract_no IN (SELECT contract_no FROM closing WHERE {_ENDED})"
    )


def _answers() -> None:
    """Give the answers a key by which each of them is kept: SQLite changes no key of a table that is there."""
    names = "closing_no, answer, answered_on, way, recorded_by"
    op.create_table(
        "closing_answer_now",
        sa.Column("closing_no", columns.No, nullable=False),
        sa.Column("answer", columns.No, nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=False),
        sa.Column("way", columns.No, nullable=False),
        sa.Column("recorded_by", columns.No, nullable=True),
        sa.PrimaryKeyConstraint("closing_no", "answer", "answered_on"),
    )
    op.execute(f"INSERT INTO closing_answer_now ({names}) SELECT {names} FROM closing_answer")
    op.drop_table("closing_answer")
    op.rename_table("closing_answer_now", "closing_answer")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX closing_answer_now_pkey RENAME TO closing_answer_pkey")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
