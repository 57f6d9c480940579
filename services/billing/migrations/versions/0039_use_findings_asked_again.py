"""What was judged of a finding of use is kept beside its figures, so that it is asked again where it rises over that."""

import sqlalchemy as sa
from alembic import op

from shared.db import columns

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

LEVEL = {
    "sqlite": "CAST(json_extract(working, '$.wh_a_day') AS INTEGER)",
    "postgresql": "CAST(CAST(working AS json) ->> 'wh_a_day' AS BIGINT)",
}


def upgrade() -> None:
    with op.batch_alter_table("use_finding") as batch:
        batch.add_column(sa.Column("wh_a_day", columns.Amount, nullable=False, server_default="0"))
        batch.add_column(sa.Column("judged_as", columns.No, nullable=False, server_default=""))
        batch.add_column(sa.Column("judged_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("judged_score", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("judged_wh_a_day", columns.Amount, nullable=True))
    op.execute(f"UPDATE use_finding SET wh_a_day = COALESCE({LEVEL[op.get_bind().dialect.name]}, 0)")
    # what it was when it was judged was not kept: what is known of it last is what a rise is measured from
    op.execute(
        "UPDATE use_finding SET judged_as = verdict, judged_score = score, judged_wh_a_day = wh_a_day, judged_on = COALESCE("
        "(SELECT MAX(v.business_date) FROM use_verdict v WHERE v.finding_id = use_finding.finding_id), changed_on) "
        "WHERE state = 'judged'"
    )
    with op.batch_alter_table("use_finding") as batch:
        batch.alter_column("wh_a_day", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("use_finding") as batch:
        for name in ("judged_wh_a_day", "judged_score", "judged_on", "judged_as", "wh_a_day"):
            batch.drop_column(name)
