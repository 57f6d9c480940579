"""A payment was taken back."""

from collections.abc import Sequence

from services.notify.notices.domain.causes import Cause
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.templates.domain import Figures
from shared.db.engine import Tx
from shared.events.collection import PaymentReversed


async def tell(tx: Tx, facts: Sequence[PaymentReversed], policies: Policies) -> None:
    """Tell the contacts of each account that money was taken back, and what is owed now: a reminder may never come again."""
    await queue_causes(tx, [_of_reversal(fact) for fact in facts], policies)


def _of_reversal(fact: PaymentReversed) -> Cause:
    figures: Figures = {
        "account_no": fact.account_no,
        "amount_fen": fact.amount_fen,
        "received_on": fact.received_on.isoformat(),
        "reversed_on": fact.reversed_on.isoformat(),
        "outstanding_fen": fact.outstanding_fen,
    }
    return Cause(
        kind="payment",
        id=fact.payment_id,
        template="payment_reversed",
        account_no=fact.account_no,
        service_point_no="",
        org_unit=fact.org_unit,
        cycle=fact.reversed_on.isoformat()[:7],
        day=fact.reversed_on,
        figures=figures,
    )
