"""The platform's tables as the first migration of every service makes them.

Frozen with the first release: a later change of the platform is `create_platform_v2` or the like, called by a new revision of
each service. That they are the tables of `shared/db/platform.py` is what the test of each service's migrations proves.
"""

import sqlalchemy as sa
from alembic import op

from shared.db import columns


def create_platform_v1() -> None:
    """Create journal, inbox, dead letters, jobs, audit rows, idempotency keys and nonces."""
    _events()
    _letters()
    _requests()


def create_platform_v2() -> None:
    """Create approvals; dead letters can be discarded."""
    op.create_table(
        "approval",
        sa.Column("approval_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=160), nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="JSON: all that is needed to carry it out"),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_at", columns.Instant, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False, comment="pending | approved | rejected | withdrawn"),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("decided_at", columns.Instant, nullable=True),
        sa.CheckConstraint("decided_by <> requested_by", name="approval_two_people"),
        sa.PrimaryKeyConstraint("approval_id"),
    )
    pending = sa.text("state = 'pending'")
    op.create_index(
        "approval_pending",
        "approval",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=pending,
        sqlite_where=pending,
    )
    with op.batch_alter_table("dead_letter", table_kwargs={"sqlite_autoincrement": True}) as letters:
        letters.alter_column(
            "state",
            existing_type=sa.String(length=8),
            type_=sa.String(length=16),
            existing_nullable=False,
            comment="poison | parked | ready | discarded",
        )


def create_platform_v3() -> None:
    """Create the chain over the audit rows; those that are there wait for their seals."""
    op.create_table(
        "audit_pending",
        sa.Column("id", columns.BigInt, autoincrement=False, nullable=False, comment="an audit entry without a seal"),
        sa.Column("at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "audit_seal",
        sa.Column("seq", columns.BigInt, autoincrement=False, nullable=False, comment="from 1, without a gap"),
        sa.Column("entry_id", columns.BigInt, nullable=False),
        sa.Column("sealed_at", columns.Instant, nullable=False),
        sa.Column(
            "hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 over the hash before, this seal and its entry",
        ),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("entry_id", name="audit_seal_entry"),
    )
    op.execute(sa.text("INSERT INTO audit_pending (id, at) SELECT id, at FROM audit_entry"))


def create_platform_v4() -> None:
    """Keep beside each audit entry what its object held before and after."""
    op.add_column(
        "audit_entry",
        sa.Column(
            "content_hash",
            sa.String(length=64),
            nullable=True,
            comment="over the row of audit_content, where it has one",
        ),
    )
    op.create_table(
        "audit_content",
        sa.Column("entry_id", columns.BigInt, autoincrement=False, nullable=False),
        sa.Column(
            "before", sa.Text(), nullable=True, comment="JSON: rows by table as they were; none where the object is new"
        ),
        sa.Column("after", sa.Text(), nullable=True, comment="JSON: the same rows as the command left them"),
        sa.Column(
            "salt", sa.String(length=16), nullable=False, comment="in the hash, which cannot be guessed without it"
        ),
        sa.PrimaryKeyConstraint("entry_id"),
    )


def _events() -> None:
    op.create_table(
        "event_journal",
        sa.Column("position", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False, comment="JSON as it is sent"),
        sa.Column("traceparent", sa.String(length=64), nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sqlite_autoincrement=True,
    )
    op.create_index("event_journal_created_at", "event_journal", ["created_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "journal_pending",
        sa.Column("position", columns.BigInt, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "relay_lease",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("expires_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id"),
    )
    op.create_index("inbox_received_at", "inbox", ["received_at"], unique=False, postgresql_using="brin")


def _letters() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("id", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column(
            "item", sa.Integer(), nullable=False, comment="index of the fact in its event; -1: the event as a whole"
        ),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="empty where it could not be read"),
        sa.Column("state", sa.String(length=8), nullable=False, comment="poison | parked | ready"),
        sa.Column(
            "error", sa.String(length=128), nullable=False, comment="class or code only: texts may hold personal data"
        ),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("consumer", "event_id", "item", name="dead_letter_fact"),
        sqlite_autoincrement=True,
    )
    op.create_index("dead_letter_key", "dead_letter", ["consumer", "key"], unique=False)
    op.create_table(
        "parked_key",
        sa.Column("consumer", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("parked_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "key"),
    )


def _requests() -> None:
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("chunk", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False, comment="open | done"),
        sa.Column("counts", sa.Text(), nullable=False, comment="JSON object of integers: what the chunk did"),
        sa.Column("started_at", columns.Instant, nullable=False),
        sa.Column("finished_at", columns.Instant, nullable=True),
        sa.PrimaryKeyConstraint("job", "business_date", "chunk"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("at", columns.Instant, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("entity_kind", sa.String(length=64), nullable=False),
        sa.Column("entity_id", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before_version", sa.Integer(), nullable=True),
        sa.Column("after_version", sa.Integer(), nullable=True),
        sa.Column("correlation_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_entry_entity", "audit_entry", ["entity_kind", "entity_id", "id"], unique=False)
    op.create_table(
        "idempotency_key",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("route", sa.String(length=160), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("created_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("subject", "route", "key"),
    )
    op.create_index("idempotency_key_created_at", "idempotency_key", ["created_at"], unique=False)
    op.create_table(
        "nonce",
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("seen_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("device_id", "nonce"),
    )
    op.create_index("nonce_seen_at", "nonce", ["seen_at"], unique=False)


def index_approvals() -> None:
    """Find approvals by what they are about, decided or not."""
    op.create_index("approval_subject", "approval", ["subject_id"])
