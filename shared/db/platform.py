"""The tables that every service has beside its own: journal, inbox, dead letters, jobs, audit, idempotency, nonces."""

from dataclasses import dataclass

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from shared.db import columns, rights


@dataclass(frozen=True)
class PlatformTables:
    event_journal: Table
    journal_pending: Table
    relay_lease: Table
    inbox: Table
    dead_letter: Table
    parked_key: Table
    job_run: Table
    audit_entry: Table
    audit_content: Table
    audit_pending: Table
    audit_seal: Table
    idempotency_key: Table
    nonce: Table
    approval: Table


def tables(metadata: MetaData) -> PlatformTables:
    """Return the platform's tables, declared on a service's own metadata."""
    return PlatformTables(
        *_journal(metadata),
        *_inbox(metadata),
        _job_run(metadata),
        *_audit(metadata),
        *_requests(metadata),
        _approval(metadata),
    )


def _journal(metadata: MetaData) -> tuple[Table, Table, Table]:
    journal = Table(
        "event_journal",
        metadata,
        Column("position", columns.BigInt, primary_key=True, autoincrement=True),
        Column("event_id", columns.No, nullable=False),
        Column("topic", String(64), nullable=False),
        Column("partition", SmallInteger, nullable=False),
        Column("type", String(64), nullable=False),
        Column("payload", Text, nullable=False, comment="JSON as it is sent"),
        Column("traceparent", String(64), nullable=False),
        Column("created_at", columns.Instant, nullable=False),
        sqlite_autoincrement=True,  # a rowid may be reused once the table is drained; a position never
        info=rights.forgotten_by("created_at"),
    )
    # append-only in time order: a block range index finds a time at almost no cost per insert
    Index("event_journal_created_at", journal.c.created_at, postgresql_using="brin")
    pending = Table(
        "journal_pending", metadata, Column("position", columns.BigInt, primary_key=True, autoincrement=False)
    )
    lease = Table(
        "relay_lease",
        metadata,
        Column("name", String(64), primary_key=True),
        Column("holder", columns.No, nullable=False),
        Column("expires_at", columns.Instant, nullable=False),
    )
    return journal, pending, lease


def _inbox(metadata: MetaData) -> tuple[Table, Table, Table]:
    inbox = Table(
        "inbox",
        metadata,
        Column("consumer", String(64), primary_key=True),
        Column("event_id", columns.No, primary_key=True),
        Column("received_at", columns.Instant, nullable=False),
    )
    Index("inbox_received_at", inbox.c.received_at, postgresql_using="brin")
    dead_letter = Table(
        "dead_letter",
        metadata,
        Column("id", columns.BigInt, primary_key=True, autoincrement=True),
        Column("consumer", String(64), nullable=False),
        Column("event_id", columns.No, nullable=False),
        Column("item", Integer, nullable=False, comment="index of the fact in its event; -1: the event as a whole"),
        Column("topic", String(64), nullable=False),
        Column("partition", SmallInteger, nullable=False),
        Column("type", String(64), nullable=False),
        Column("key", columns.No, nullable=False, comment="empty where it could not be read"),
        Column("state", String(16), nullable=False, comment="poison | parked | ready | discarded"),
        Column("error", String(128), nullable=False, comment="class or code only: texts may hold personal data"),
        Column("payload", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("created_at", columns.Instant, nullable=False),
        UniqueConstraint("consumer", "event_id", "item", name="dead_letter_fact"),
        Index("dead_letter_key", "consumer", "key"),
        sqlite_autoincrement=True,
    )
    parked_key = Table(
        "parked_key",
        metadata,
        Column("consumer", String(64), primary_key=True),
        Column("key", columns.No, primary_key=True),
        Column("parked_at", columns.Instant, nullable=False),
    )
    return inbox, dead_letter, parked_key


def _job_run(metadata: MetaData) -> Table:
    return Table(
        "job_run",
        metadata,
        Column("job", String(64), primary_key=True),
        Column("business_date", Date, primary_key=True),
        Column("chunk", String(128), primary_key=True),
        Column("state", String(8), nullable=False, comment="open | done"),
        Column("counts", Text, nullable=False, comment="JSON object of integers: what the chunk did"),
        Column("started_at", columns.Instant, nullable=False),
        Column("finished_at", columns.Instant),
    )


def _audit(metadata: MetaData) -> tuple[Table, Table, Table, Table]:
    entry = Table(
        "audit_entry",
        metadata,
        Column("id", columns.BigInt, primary_key=True, autoincrement=True),
        Column("at", columns.Instant, nullable=False),
        Column("actor", columns.No, nullable=False),
        Column("action", String(64), nullable=False),
        Column("entity_kind", String(64), nullable=False),
        Column("entity_id", String(160), nullable=False),
        Column("reason", Text, nullable=False),
        Column("before_version", Integer),
        Column("after_version", Integer),
        Column("correlation_id", columns.No, nullable=False),
        Column("content_hash", String(64), comment="over the row of audit_content, where it has one"),
        Index("audit_entry_entity", "entity_kind", "entity_id", "id"),
        sqlite_autoincrement=True,
        info=rights.APPEND_ONLY,
    )
    content = Table(
        "audit_content",
        metadata,
        Column("entry_id", columns.BigInt, primary_key=True, autoincrement=False),
        Column("before", Text, comment="JSON: rows by table as they were; none where the object is new"),
        Column("after", Text, comment="JSON: the same rows as the command left them"),
        Column("salt", String(16), nullable=False, comment="in the hash, which cannot be guessed without it"),
        info=rights.APPEND_ONLY,
    )
    pending = Table(
        "audit_pending",
        metadata,
        Column("id", columns.BigInt, primary_key=True, autoincrement=False, comment="an audit entry without a seal"),
        Column("at", columns.Instant, nullable=False),
    )
    seal = Table(
        "audit_seal",
        metadata,
        Column("seq", columns.BigInt, primary_key=True, autoincrement=False, comment="from 1, without a gap"),
        Column("entry_id", columns.BigInt, nullable=False),
        Column("sealed_at", columns.Instant, nullable=False),
        Column("hash", String(64), nullable=False, comment="SHA-256 over the hash before, this seal and its entry"),
        UniqueConstraint("entry_id", name="audit_seal_entry"),
        info=rights.APPEND_ONLY,
    )
    return entry, content, pending, seal


def _requests(metadata: MetaData) -> tuple[Table, Table]:
    idempotency_key = Table(
        "idempotency_key",
        metadata,
        Column("subject", columns.No, primary_key=True),
        Column("route", String(160), primary_key=True),
        Column("key", String(128), primary_key=True),
        Column("body_hash", String(64), nullable=False),
        Column("status", SmallInteger, nullable=False),
        Column("response", Text, nullable=False),
        Column("created_at", columns.Instant, nullable=False),
        Index("idempotency_key_created_at", "created_at"),
    )
    nonce = Table(
        "nonce",
        metadata,
        Column("device_id", columns.No, primary_key=True),
        Column("nonce", String(64), primary_key=True),
        Column("seen_at", columns.Instant, nullable=False),
        Index("nonce_seen_at", "seen_at"),
    )
    return idempotency_key, nonce


def _approval(metadata: MetaData) -> Table:
    approval = Table(
        "approval",
        metadata,
        Column("approval_id", columns.No, primary_key=True),
        Column("kind", String(64), nullable=False),
        Column("subject_id", String(160), nullable=False),
        Column("content", Text, nullable=False, comment="JSON: all that is needed to carry it out"),
        Column("content_hash", String(64), nullable=False),
        Column("org_unit", String(160), nullable=False),
        Column("requested_by", columns.No, nullable=False),
        Column("reason", Text, nullable=False),
        Column("requested_at", columns.Instant, nullable=False),
        Column("state", String(16), nullable=False, comment="pending | approved | rejected | withdrawn"),
        Column("decided_by", columns.No),
        Column("explanation", Text),
        Column("decided_at", columns.Instant),
        CheckConstraint("decided_by <> requested_by", name="approval_two_people"),
    )
    pending = approval.c.state == "pending"
    Index(
        "approval_pending",
        approval.c.kind,
        approval.c.subject_id,
        unique=True,
        postgresql_where=pending,
        sqlite_where=pending,
    )
    Index("approval_subject", approval.c.subject_id)
    return approval


TABLES = tables(MetaData())
"""The same tables for the platform's own statements, whatever service they run in."""
