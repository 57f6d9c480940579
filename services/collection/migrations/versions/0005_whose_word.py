"""What waits for its account keeps whose word it was; openings that waited before are nobody's: refused, listed, put again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waiting_document", sa.Column("word", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE waiting_document SET word = '[]' WHERE kind = 'opening'")
