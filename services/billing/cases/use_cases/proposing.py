"""What was calculated is proposed: a charge to two more people, an adjustment to one."""

from datetime import date

from services.billing.bills.domain.policy import CASE_ADJUSTMENT, CASE_CHARGE
from services.billing.bills.use_cases import two_people
from services.billing.cases.domain.calculation import ADJUSTS
from services.billing.cases.store import charges as store
from services.billing.cases.use_cases import adjusting, calculating, charging, comparing, hands, working
from services.billing.cases.use_cases.working import MaySee
from services.billing.context import Context
from shared.db.approvals import Approval
from shared.db.engine import Tx


async def propose(
    tx: Tx,
    case_no: str,
    number: int,
    *,
    seen: int,
    penalty_only: bool = False,
    explanation: str,
    on: date | None,
    actor: str,
    may_see: MaySee,
    context: Context,
) -> Approval | None:
    """Propose to charge, or adjust for, what was calculated; return what is asked for.

    None where policy wants nobody else: it is done then. `penalty_only`: a change of class bills the difference.
    Nothing is charged without evidence that stands; an adjustment rests on what was measured. Raises charging.NoEvidence.
    """
    row, standing = await comparing.locked(tx, case_no, may_see, seen)
    worked = await store.calculation(tx, case_no, number)
    if worked is None:
        raise calculating.UnknownCalculation
    adjusts = worked.calculation in ADJUSTS
    kind = CASE_ADJUSTMENT if adjusts else CASE_CHARGE
    if not worked.adjustment_fen + worked.back_billing_fen + worked.penalty_fen:
        raise charging.NothingToCharge
    if row.account_no is None:
        raise charging.AccountUnknown
    wanted = comparing.documents(standing, row, worked, penalty_only=penalty_only)
    if not wanted:
        raise charging.NothingToCharge
    fen = sum(each.fen or 0 for each in wanted)
    if not adjusts and await store.charged(tx, case_no, number):
        raise charging.ChargedBefore
    evidence = await working.standing_evidence(tx, case_no)
    if not adjusts and not evidence:
        raise charging.NoEvidence
    day = await working.day_of(tx, row, on)
    before = await hands.of(tx, case_no)
    content = charging.content_of(
        row, worked, wanted, explanation, day, actor, penalty_only=penalty_only, before=before, evidence=evidence
    )
    second = (await two_people.rules(tx, context)).scope(kind, fen)
    if second is None and adjusts:
        await adjusting.issue(tx, row, worked, content, actor=actor, context=context)
        return None
    if second is None:
        await charging.issue(tx, row, worked, wanted, content, charging.By(proposed=actor), context)
        return None
    await working.move(tx, row, "propose", on=day, actor=actor, explanation=explanation)
    return await charging.ask(tx, kind, row, content, requested_by=actor, second=second)
