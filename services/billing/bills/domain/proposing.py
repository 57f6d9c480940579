"""Corrections of issued bills that wait for a reviewer: which do, and what is proposed then."""

from dataclasses import replace
from typing import Final

from services.billing.bills.domain.bills import ISSUED, PROPOSED, Draft
from services.billing.bills.domain.chains import NOT_RATED, Chain
from services.billing.bills.domain.policy import DECISION, PROPOSE, Policies
from services.billing.review.domain import findings
from services.billing.review.domain.findings import HOLD, WARN, Finding

OF_USAGES: Final = ("", findings.SUB_METER_CHANGED)
"""Causes of a correction that no two people have decided on before."""


def needs_reviewer(chain: Chain, policies: Policies, *, findings_seen: bool, decided: bool) -> bool:
    """Return whether a correction of issued bills may not go out before a reviewer has seen it.

    The policy names the findings that keep it, where somebody has not seen them, and says whether one that rests on changed
    facts is kept in any case. What usages alone change is kept from the amount on from which two people decide, if nobody has
    `decided` on it: who corrects a read does not correct a large bill.
    """
    for draft in chain.drafts:
        if draft.status != ISSUED:
            continue
        policy = policies.on(draft.usage.read_date)
        rules = policy.corrections
        if chain.cause and rules.changed_facts == PROPOSE:
            return True
        if (
            not decided
            and chain.cause in OF_USAGES
            and policy.approvals.scope(DECISION, _moved_fen(chain, draft)) is not None
        ):
            return True
        held = (f.code for f in draft.findings if f.severity == HOLD)
        if not findings_seen and any(code == NOT_RATED or code in rules.hold_on for code in held):
            return True
    return False


def _moved_fen(chain: Chain, draft: Draft) -> int:
    """Return the amount that a correction is decided by: the largest of its bill and of those whose place that takes."""
    taken = [
        bill
        for bill in chain.gone
        if bill.status == ISSUED and draft.usage.shares_a_day(bill.period_from, bill.period_to)
    ]
    old = [draft.replaces] if draft.replaces is not None else []
    return max(abs(fen) for fen in (draft.total_fen, *(bill.total_fen for bill in (*old, *taken))))


def proposals(chain: Chain, group_id: str) -> list[Draft]:
    """Turn the corrections of a chain into proposals of one group; nothing else of the chain is kept."""
    why = [Finding(chain.cause, WARN)] if chain.cause else []
    return [
        replace(draft, status=PROPOSED, group_id=group_id, findings=[*draft.findings, *why])
        for draft in chain.drafts
        if draft.status == ISSUED
    ]
