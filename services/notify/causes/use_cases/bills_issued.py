"""A bill went out."""

from collections.abc import Sequence

from services.notify.notices.domain.causes import Cause
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.templates.domain import Figures
from shared.db.engine import Tx
from shared.events.billing import BillIssued


async def tell(tx: Tx, facts: Sequence[BillIssued], policies: Policies) -> None:
    """Tell the contacts of each account of its bill."""
    await queue_causes(tx, [_of_bill(fact) for fact in facts], policies)


def _of_bill(fact: BillIssued) -> Cause:
    bill = fact.bill
    figures: Figures = {
        "account_no": bill.account_no,
        "service_point_no": bill.service_point_no,
        "cycle": bill.cycle,
        "period_from": bill.period_from.isoformat(),
        "period_to": bill.period_to.isoformat(),
        "energy_wh": bill.energy_wh,
        "total_fen": bill.total_fen,
        "issued_on": bill.issued_on.isoformat(),
        "due_on": bill.due_on.isoformat(),
        "estimated": "true" if bill.estimated else "false",
    }
    return Cause(
        kind="bill",
        id=bill.bill_id,
        template="bill_issued",
        account_no=bill.account_no,
        service_point_no=bill.service_point_no,
        org_unit=bill.org_unit,
        cycle=bill.cycle,
        day=bill.issued_on,
        figures=figures,
    )
