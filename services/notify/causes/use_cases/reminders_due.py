"""Collection reminds of a debt."""

from collections.abc import Sequence

from services.notify.notices.domain.causes import Cause
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.templates.domain import Figures
from shared.db.engine import Tx
from shared.events.collection import ReminderDue


async def tell(tx: Tx, facts: Sequence[ReminderDue], policies: Policies) -> None:
    """Remind the contacts of each account; the cycle of a reminder is the month of its business date."""
    await queue_causes(tx, [_of_reminder(fact) for fact in facts], policies)


def _of_reminder(fact: ReminderDue) -> Cause:
    figures: Figures = {
        "account_no": fact.account_no,
        "outstanding_fen": fact.outstanding_fen,
        "due_on": fact.due_on.isoformat(),
        "business_date": fact.business_date.isoformat(),
    }
    return Cause(
        kind="reminder",
        id=fact.reminder_id,
        template="reminder",
        account_no=fact.account_no,
        service_point_no="",
        org_unit=fact.org_unit,
        cycle=fact.business_date.isoformat()[:7],
        day=fact.business_date,
        figures=figures,
    )
