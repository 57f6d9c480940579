"""An account knows the last day of which something moved; a document may move money of several days."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = ("document_id", "document_kind", "kind")
FINAL = (
    "CREATE TRIGGER ledger_transaction_no_{verb} BEFORE {verb} ON ledger_transaction"
    " BEGIN SELECT RAISE(ABORT, 'a posted figure is never edited'); END"
)

DAYS = (
    "SELECT account_no, value_on AS day FROM credit"
    " UNION ALL SELECT account_no, made_on FROM allocation"
    " UNION ALL SELECT account_no, business_date FROM ledger_transaction WHERE kind = 'reversal'"
)


def upgrade() -> None:
    op.add_column("account", sa.Column("moved_on", sa.Date(), nullable=True))
    op.execute(
        f"UPDATE account SET moved_on = moved.day FROM (SELECT account_no, max(day) AS day FROM ({DAYS}) AS days"
        " GROUP BY account_no) AS moved WHERE moved.account_no = account.account_no"
    )
    # SQLite copies the table: its check is told again, and its triggers went with the old one
    balances = sa.CheckConstraint("debit_fen = credit_fen", name="ledger_transaction_balances")
    with op.batch_alter_table("ledger_transaction", table_args=(balances,)) as transaction:
        transaction.drop_constraint("ledger_transaction_document", type_="unique")
        transaction.create_unique_constraint("ledger_transaction_document", [*KEY, "accounting_date"])
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(FINAL.format(verb=verb))
