"""The first tables, and the triggers that keep what is posted as it is."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns, platform_migrations

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


POSTED = ("ledger_transaction", "ledger_entry", "allocation")

POSTGRESQL = (
    """CREATE FUNCTION posted_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a posted figure is never edited' USING ERRCODE = 'check_violation'; END $$""",
    # one aggregate per INSERT statement: all entries of a transaction come in one statement
    """CREATE FUNCTION ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM added GROUP BY transaction_id HAVING sum(amount_fen) <> 0) THEN
            RAISE EXCEPTION 'a ledger transaction does not sum to 0 fen' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER ledger_entry_balances AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_balances()""",
    *(
        f"""CREATE TRIGGER {table}_is_final BEFORE UPDATE OR DELETE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION posted_is_final()"""
        for table in POSTED
    ),
)
SQLITE = tuple(
    f"""CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'a posted figure is never edited'); END"""
    for table in POSTED
    for verb in ("update", "delete")
)


def upgrade() -> None:
    _tables()
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def _tables() -> None:
    platform_migrations.create_platform_v1()
    op.create_table(
        "account",
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("version", columns.BigInt, nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("customer_class", sa.String(length=64), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("prepaid_fen", columns.BigInt, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("account_no"),
    )
    op.create_table(
        "allocation",
        sa.Column("allocation_id", sa.String(length=64), nullable=False),
        sa.Column("credit_id", sa.String(length=64), nullable=False),
        sa.Column("receivable_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("cause_kind", sa.String(length=64), nullable=False),
        sa.Column("cause_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("allocation_id"),
    )
    op.create_index("allocation_credit", "allocation", ["credit_id"], unique=False)
    op.create_index("allocation_receivable", "allocation", ["receivable_id"], unique=False)
    op.create_table(
        "closed_month",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=False),
        sa.Column("closed_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "credit",
        sa.Column("credit_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("source_kind", sa.String(length=64), nullable=False),
        sa.Column("source_id", sa.String(length=80), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("unallocated_fen", columns.BigInt, nullable=False),
        sa.CheckConstraint("unallocated_fen >= 0 AND unallocated_fen <= amount_fen"),
        sa.PrimaryKeyConstraint("credit_id"),
    )
    op.create_index("credit_account", "credit", ["account_no"], unique=False)
    op.create_table(
        "finding",
        sa.Column("finding_id", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("entity_kind", sa.String(length=64), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("raised_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("finding_id"),
        sa.UniqueConstraint("code", "entity_kind", "entity_id", "subject", name="finding_cause"),
    )
    op.create_table(
        "ledger_entry",
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("ledger_account", sa.String(length=32), nullable=False),
        sa.Column("component", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.PrimaryKeyConstraint("transaction_id", "line_no"),
    )
    op.create_table(
        "ledger_transaction",
        sa.Column("transaction_id", sa.String(length=64), nullable=False),
        sa.Column("document_kind", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("accounting_date", sa.Date(), nullable=False),
        sa.Column("debit_fen", columns.BigInt, nullable=False),
        sa.Column("credit_fen", columns.BigInt, nullable=False),
        sa.Column("recorded_at", columns.Instant, nullable=False),
        sa.CheckConstraint("debit_fen = credit_fen", name="ledger_transaction_balances"),
        sa.PrimaryKeyConstraint("transaction_id"),
        sa.UniqueConstraint("document_id", "document_kind", "kind", name="ledger_transaction_document"),
    )
    op.create_index("ledger_transaction_account", "ledger_transaction", ["account_no", "accounting_date"], unique=False)
    op.create_table(
        "payment",
        sa.Column("payment_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("channel_txn", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.String(length=64), nullable=True),
        sa.Column("account_no", sa.String(length=64), nullable=True),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("recorded_by", sa.String(length=64), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("recorded_at", columns.Instant, nullable=False),
        sa.CheckConstraint("amount_fen > 0"),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> recorded_by", name="payment_maker_is_not_checker"),
        sa.PrimaryKeyConstraint("payment_id"),
        sa.UniqueConstraint("channel", "channel_txn", name="payment_channel_txn"),
    )
    op.create_index("payment_account", "payment", ["account_no"], unique=False)
    op.create_table(
        "payment_order",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("payment_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint("amount_fen > 0"),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_index("payment_order_account", "payment_order", ["account_no"], unique=False)
    op.create_table(
        "receivable",
        sa.Column("receivable_id", sa.String(length=64), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("document_kind", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("outstanding_fen", columns.BigInt, nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("cleared_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(status = 'open') = (outstanding_fen > 0)"),
        sa.CheckConstraint("outstanding_fen >= 0 AND (outstanding_fen = 0 OR outstanding_fen <= amount_fen)"),
        sa.PrimaryKeyConstraint("receivable_id"),
        sa.UniqueConstraint("document_id", "document_kind", name="receivable_document"),
    )
    op.create_index("receivable_account", "receivable", ["account_no"], unique=False)
    op.create_index(
        "receivable_open_due",
        "receivable",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
        sqlite_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "reminder",
        sa.Column("reminder_id", sa.String(length=64), nullable=False),
        sa.Column("receivable_id", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("account_no", sa.String(length=64), nullable=False),
        sa.Column("org_unit", sa.String(length=160), nullable=False),
        sa.Column("outstanding_fen", columns.BigInt, nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("recorded_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("reminder_id"),
        sa.UniqueConstraint("receivable_id", "stage", name="reminder_cause"),
    )
    op.create_table(
        "waiting_document",
        sa.Column("position", columns.BigInt, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.String(length=64), nullable=False),
        sa.Column("waiting_for", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.String(length=7), nullable=False),
        sa.Column("amount_fen", columns.BigInt, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("received_at", columns.Instant, nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("document_id", "kind", name="waiting_document_cause"),
        sqlite_autoincrement=True,
    )
    op.create_index("waiting_document_account", "waiting_document", ["waiting_for"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
