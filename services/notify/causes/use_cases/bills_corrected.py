"""Issued bills were corrected."""

from collections.abc import Sequence

from services.notify.notices.domain.causes import Cause
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.templates.domain import Figures
from shared.db.engine import Tx
from shared.events.billing import BillCorrected


async def tell(tx: Tx, facts: Sequence[BillCorrected], policies: Policies) -> None:
    """Tell the contacts of each account once of a correction, however many bills it touches."""
    await queue_causes(tx, [_of_correction(fact) for fact in facts if fact.reversals or fact.replacements], policies)


def _of_correction(fact: BillCorrected) -> Cause:
    first = min(fact.reversals or fact.replacements, key=lambda bill: bill.cycle)
    old_fen = sum(bill.total_fen for bill in fact.reversals)
    new_fen = sum(bill.total_fen for bill in fact.replacements)
    told = {one.replacement_id for one in fact.differences}
    owed = [(one.due_on, one.total_fen) for one in fact.differences]
    owed += [(bill.due_on, bill.total_fen) for bill in fact.replacements if bill.bill_id not in told]
    due_on = min((day for day, total_fen in owed if total_fen > 0), default=None)
    figures: Figures = {
        "account_no": fact.account_no,
        "cycle": first.cycle,
        "bills": max(len(fact.reversals), len(fact.replacements)),
        "old_fen": old_fen,
        "new_fen": new_fen,
        "difference_fen": new_fen - old_fen,
        "settled_by": _settled_by(fact, new_fen - old_fen),
        "due_on": due_on.isoformat() if due_on else "-",
        "reason": fact.reason,
    }
    return Cause(
        kind="correction",
        id=fact.correction_id,
        template="bill_corrected",
        account_no=fact.account_no,
        service_point_no=first.service_point_no,
        org_unit=first.org_unit,
        cycle=first.cycle,
        day=fact.corrected_on,
        figures=figures,
    )


def _settled_by(fact: BillCorrected, difference_fen: int) -> str:
    if not fact.differences:
        return "new_bills" if fact.replacements else "cancelled"
    return "difference_to_pay" if difference_fen > 0 else "difference_credited" if difference_fen < 0 else "nothing"
