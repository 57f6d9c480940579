"""The account of a case follows from the contracts of its point: it is not stored."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("case_file") as batch:
        batch.drop_column("account_no")
        batch.drop_column("contract_no")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
