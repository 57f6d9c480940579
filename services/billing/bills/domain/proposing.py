"""Corrections of issued bills that wait for a reviewer: which do, and what is proposed then."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from services.billing.bills.domain.bills import ISSUED, PROPOSED, Draft, Stored
from services.billing.bills.domain.chains import Chain
from services.billing.bills.domain.policy import DECISION, PROPOSE, Policies
from services.billing.freezes.domain import Standing
from services.billing.review.domain.findings import (
    ACCOUNT_CHANGED,
    FROZEN,
    HOLD,
    LARGE_CORRECTION,
    NOT_RATED,
    TAKEN_BACK,
    TARIFF_CHANGED,
    WARN,
    Finding,
)
from services.billing.usages.domain import Usage
from shared.second_person import SecondPerson


def corrects(chain: Chain) -> bool:
    """Return whether a chain takes issued bills out of force."""
    return any(d.status == ISSUED for d in chain.drafts) or any(bill.status == ISSUED for bill in chain.gone)


def is_frozen(chain: Chain, standing: Standing, usages: Mapping[str, Usage]) -> bool:
    """Return whether a freeze keeps the corrections of a chain from going out."""
    new = [d for d in chain.drafts if d.status == ISSUED]
    days = [(d.usage.period_from, d.usage.period_to, d.usage.route_no, {f.code for f in d.findings}) for d in new]
    gone = [usages[bill.usage_id] for bill in _without_successor(chain)]
    days += [(usage.period_from, usage.period_to, usage.route_no, {TAKEN_BACK}) for usage in gone]
    return any(
        standing.of(
            contract_no=chain.terms.contract_no, period_from=from_, period_to=to, route_no=route_no, codes=codes
        )
        for from_, to, route_no, codes in days
    )


def needs_reviewer(
    chain: Chain, policies: Policies, limits: SecondPerson, *, findings_seen: bool, by_two: bool
) -> bool:
    """Return whether a correction of issued bills may not go out before a reviewer has seen it.

    The policy names the findings that keep it, where somebody has not seen them, and says whether one that rests on changed
    facts is kept in any case. One of an amount from which on two people decide is kept unless it was decided `by_two`: who
    corrects a read does not correct a large bill. Two people have decided on changed account data and rating documents before.
    """
    if not by_two and not _was_decided(chain) and _is_large(chain, limits):
        return True
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


def proposals(
    chain: Chain, group_id: str, limits: SecondPerson, usages: Mapping[str, Usage], *, frozen: bool = False
) -> list[Draft]:
    """Turn the corrections of a chain into proposals of one group; nothing else of the chain is kept.

    An issued bill that goes with nothing in its place is proposed as one of nothing, on the usage (`usages`, by id) that it had.
    """
    why = [Finding(chain.cause, WARN)] if chain.cause else []
    if _is_large(chain, limits):
        why.append(Finding(LARGE_CORRECTION, WARN, {"amount_fen": _largest_fen(chain)}))
    if frozen:
        why.append(Finding(FROZEN, WARN))
    drafts = [draft for draft in chain.drafts if draft.status == ISSUED]
    drafts += [_nothing(chain, bill, usages[bill.usage_id]) for bill in _without_successor(chain)]
    return [replace(d, status=PROPOSED, group_id=group_id, findings=[*d.findings, *why]) for d in drafts]


def _nothing(chain: Chain, bill: Stored, usage: Usage) -> Draft:
    return Draft(
        terms=chain.terms,
        usage=usage,
        version=chain.versions[bill.period_from, bill.period_to] + 1,
        replaces=bill,
        status=PROPOSED,
        total_fen=0,
        state=bill.state,
        findings=[Finding(TAKEN_BACK, WARN)],
    )


def _without_successor(chain: Chain) -> Iterator[Stored]:
    """Yield the issued bills that go and share no day with what is issued in their place."""
    drafts = [draft.usage for draft in chain.drafts if draft.status == ISSUED]
    for bill in chain.gone:
        if bill.status == ISSUED and not any(usage.shares_a_day(bill.period_from, bill.period_to) for usage in drafts):
            yield bill


def _was_decided(chain: Chain) -> bool:
    """Return whether account data or rating documents alone correct the bills of a chain: their usages are as they were."""
    as_they_were = (d.replaces is not None and d.replaces.usage_id == d.usage.usage_id for d in chain.drafts)
    return chain.cause in (ACCOUNT_CHANGED, TARIFF_CHANGED) and not chain.gone and all(as_they_were)


def _is_large(chain: Chain, limits: SecondPerson) -> bool:
    return corrects(chain) and limits.scope(DECISION, _largest_fen(chain)) is not None


def _largest_fen(chain: Chain) -> int:
    """Return the amount that a correction is decided by: the largest of its bills and of those whose place they take."""
    new = [draft for draft in chain.drafts if draft.status == ISSUED]
    amounts = [draft.total_fen for draft in new]
    amounts += [draft.replaces.total_fen for draft in new if draft.replaces]
    amounts += [bill.total_fen for bill in chain.gone if bill.status == ISSUED]
    return max(map(abs, amounts))
