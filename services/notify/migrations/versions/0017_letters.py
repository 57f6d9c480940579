"""Letters are printed and posted in batches, each letter in one."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OPEN = sa.text("outcome = ''")


def upgrade() -> None:
    op.create_table(
        "letter_batch",
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("letters_max", sa.Integer(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("register_hash", sa.String(length=64), nullable=False),
        sa.Column("mark_sealed", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("made_at", columns.Instant, nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.Column("posted_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("batch_no"),
    )
    op.create_table(
        "letter",
        sa.Column("notice_id", sa.String(length=64), nullable=False),
        sa.Column("way", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("batch_no", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("address_since", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=True),
        sa.Column("register_no", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("told_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", "way"),
    )
    op.create_index("letter_of_batch", "letter", ["batch_no", "place"], unique=True)
    op.create_index("letter_open", "letter", ["batch_no"], postgresql_where=_OPEN, sqlite_where=_OPEN)


def downgrade() -> None:
    raise NotImplementedError("what customers were told is never taken back: go forward")
