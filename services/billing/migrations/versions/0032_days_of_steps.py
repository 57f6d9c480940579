"""When the steps of a run were done, and what is unexplained of it by now; of runs before, as far as that was known."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_NOW = """
UPDATE bill_run SET unexplained = (
    SELECT sum(coalesce((
        SELECT e.unexplained FROM route_explanation e
        WHERE e.route_no = c.route_no AND e.read_date = c.read_date ORDER BY e.version DESC LIMIT 1
    ), c.unexplained))
    FROM route_closing c WHERE c.route_no = bill_run.route_no AND c.cycle = bill_run.cycle
)
WHERE EXISTS (SELECT 1 FROM route_closing c WHERE c.route_no = bill_run.route_no AND c.cycle = bill_run.cycle)
"""
_ACCEPTED = """
UPDATE bill_run SET accepted = unexplained
WHERE status IN ('releasing', 'released') AND findings LIKE '%"billing.run_unexplained"%'
"""
_CLOSED = """
UPDATE route_closing SET closed_on = (
    SELECT r.closed_on FROM bill_run r WHERE r.route_no = route_closing.route_no AND r.cycle = route_closing.cycle
)
"""
_REVIEWED = """
UPDATE bill SET reviewed_on = (SELECT max(d.business_date) FROM review_decision d WHERE d.bill_id = bill.bill_id)
WHERE status <> 'held' AND bill_id IN (SELECT d.bill_id FROM review_decision d)
"""


def upgrade() -> None:
    for name in ("calculated_on", "let_go_on", "released_on"):
        op.add_column("bill_run", sa.Column(name, sa.Date(), nullable=True))
    for name in ("unexplained", "accepted"):
        op.add_column("bill_run", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    op.add_column("route_closing", sa.Column("closed_on", sa.Date(), nullable=True))
    op.add_column("route_explanation", sa.Column("uploaded_on", sa.Date(), nullable=True))
    op.add_column("bill", sa.Column("reviewed_on", sa.Date(), nullable=True))
    op.execute("UPDATE bill_run SET calculated_on = closed_on WHERE status <> 'open'")
    op.execute("UPDATE bill_run SET let_go_on = issue_on WHERE status IN ('releasing', 'released')")
    op.execute("UPDATE bill_run SET released_on = issue_on WHERE status = 'released'")
    for statement in (_NOW, _ACCEPTED, _CLOSED, _REVIEWED):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a posted figure is never taken back: go forward")
