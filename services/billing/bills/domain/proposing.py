"""Corrections of issued bills that wait for a reviewer: which do, and what is proposed then."""

from dataclasses import replace

from services.billing.bills.domain.bills import ISSUED, PROPOSED, Draft
from services.billing.bills.domain.chains import NOT_RATED, Chain
from services.billing.bills.domain.policy import PROPOSE, Policies
from services.billing.review.domain.findings import HOLD, WARN, Finding


def needs_reviewer(chain: Chain, policies: Policies, *, findings_seen: bool) -> bool:
    """Return whether a correction of issued bills may not go out before a reviewer has seen it.

    The policy names the findings that keep it, where somebody has not seen them, and says whether one that rests on changed
    facts is kept in any case.
    """
    for draft in chain.drafts:
        if draft.status != ISSUED:
            continue
        rules = policies.on(draft.usage.read_date).corrections
        if chain.cause and rules.changed_facts == PROPOSE:
            return True
        held = (f.code for f in draft.findings if f.severity == HOLD)
        if not findings_seen and any(code == NOT_RATED or code in rules.hold_on for code in held):
            return True
    return False


def proposals(chain: Chain, group_id: str) -> list[Draft]:
    """Turn the corrections of a chain into proposals of one group; nothing else of the chain is kept."""
    why = [Finding(chain.cause, WARN)] if chain.cause else []
    return [
        replace(draft, status=PROPOSED, group_id=group_id, findings=[*draft.findings, *why])
        for draft in chain.drafts
        if draft.status == ISSUED
    ]
