"""What stands of cases: for which days, and which bills a change of class touched; what a case comes to follows from that."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("case_calculation", "adjustment"):
        op.add_column(table, sa.Column("from_day", sa.Date(), nullable=True))
        op.add_column(table, sa.Column("to_day", sa.Date(), nullable=True))
    op.add_column("case_reclass", sa.Column("goes_on", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("case_reclass", sa.Column("touched", sa.Text(), nullable=True))
    with op.batch_alter_table("case_file") as batch:
        batch.drop_column("outcome_fen")


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
