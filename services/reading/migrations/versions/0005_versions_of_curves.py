"""All versions of a day curve are kept: what is there is the first of each."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE curve_before AS SELECT * FROM curve")
    op.drop_table("curve")
    op.create_table(
        "curve",
        sa.Column("meter_no", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.String(length=32), nullable=False),
        sa.Column("version", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("interval_minutes", sa.SmallInteger(), nullable=False),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("meter_no", "day", "quantity", "version"),
    )
    op.execute(
        'INSERT INTO curve (meter_no, day, quantity, version, interval_minutes, "values", upload_id) '
        'SELECT meter_no, day, quantity, 1, interval_minutes, "values", upload_id FROM curve_before'
    )
    op.drop_table("curve_before")
