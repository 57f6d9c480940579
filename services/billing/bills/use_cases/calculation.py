"""From usages to bills: join the contract, rate from the ladder state before, review, store; correct what was issued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.billing.bills.domain import chains
from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, PROPOSED, READY, Draft, Stored
from services.billing.bills.domain.chains import Chain
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store.written import Writing
from services.billing.bills.use_cases import corrections
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts import store as contracts_store
from services.billing.contracts.domain import Terms
from services.billing.usages import store as usages_store
from services.billing.usages.domain import Usage
from shared import ids
from shared.db.engine import Tx

Period = tuple[date, date]


@dataclass(slots=True, kw_only=True)
class Asked:
    """What is to be calculated for one contract: new usages by period, or a bill taken out of the chain."""

    terms: Terms
    fresh: dict[Period, Usage] = field(default_factory=dict)
    cancelled: Stored | None = None
    force: bool = False
    approved: bool = False


async def bill(tx: Tx, usages: Sequence[Usage], *, context: Context, waited: bool = False) -> None:
    """Bill recorded usages, at most one per service point and period; those without a contract wait.

    `waited`: they have waited until now, so those that are billed are marked so.
    """
    wanted = [(u.service_point_no, u.period_from, u.period_to) for u in usages]
    terms = await contracts_store.terms_of(tx, wanted)
    missing = [u.usage_id for i, u in enumerate(usages) if i not in terms]
    if missing and not waited:
        await usages_store.set_waiting(tx, missing, usages_store.CONTRACT_MISSING)
    if waited and terms:
        await usages_store.set_waiting(tx, [usages[i].usage_id for i in terms], "")
    asked: dict[str, Asked] = {}
    for i, term in terms.items():
        usage = usages[i]
        by_contract = asked.setdefault(term.contract_no, Asked(terms=term))
        by_contract.fresh[(usage.period_from, usage.period_to)] = usage
    await calculate(tx, asked, context=context)


async def calculate(
    tx: Tx, asked: Mapping[str, Asked], *, context: Context, actor: str = "", business_date: date | None = None
) -> None:
    """Calculate what is asked for contracts whose accounts are locked, and store the result.

    The number of statements does not depend on the number of contracts.
    """
    if not asked:
        return
    stored = await bills_store.from_periods(tx, {no: _start(a) for no, a in asked.items()})
    known, old_lines = await _later(tx, asked, stored)
    _forget_outdated(asked, stored, known)
    loaded = await context.books.current(tx)
    kept: list[Chain] = []
    proposed: list[Draft] = []
    pending = asked
    while pending:
        planned = [(a, _plan(a, stored[no], known)) for no, a in pending.items() if a.fresh or a.cancelled]
        chains.calculate([c for _, c in planned], lambda r: context.rater(r, loaded.book), context.policies, old_lines)
        pending = {}
        for request, chain in planned:
            drafts = (
                []
                if request.approved or not chains.needs_reviewer(chain, context.policies)
                else chains.proposals(chain)
            )
            if not drafts:
                kept.append(chain)
                continue
            # the correction waits for a reviewer; what else came for this contract is calculated without it
            proposed += drafts
            aside = {d.usage.usage_id for d in drafts}
            rest = {p: u for p, u in request.fresh.items() if u.usage_id not in aside}
            pending[request.terms.contract_no] = Asked(
                terms=request.terms, fresh=rest, cancelled=request.cancelled, approved=True
            )
    await _store(tx, kept, proposed, stored, context=context, actor=actor, business_date=business_date)


def _start(asked: Asked) -> date:
    cancelled = [asked.cancelled.period_from] if asked.cancelled else []
    return min([*(start for start, _ in asked.fresh), *cancelled])


async def _later(
    tx: Tx, asked: Mapping[str, Asked], stored: Mapping[str, Sequence[Stored]]
) -> tuple[dict[str, Usage], dict[str, str]]:
    """Return the usages and lines of the effective bills that may be calculated again; in the common case there are none."""
    again = [
        bill
        for no, a in asked.items()
        for bill in stored[no]
        if bill.status in EFFECTIVE and bill.period_from >= _start(a)
    ]
    if not again:
        return {}, {}
    known = await usages_store.by_id(tx, [bill.usage_id for bill in again])
    return known, await bills_store.lines_of(tx, [bill.bill_id for bill in again])


def _forget_outdated(
    asked: Mapping[str, Asked], stored: Mapping[str, Sequence[Stored]], known: Mapping[str, Usage]
) -> None:
    """Drop usages that came after a newer version of theirs was billed."""
    for contract_no, a in asked.items():
        for bill in stored[contract_no]:
            period = bill.period_from, bill.period_to
            usage = a.fresh.get(period)
            if usage is None or bill.status not in EFFECTIVE or bill.usage_id not in known:
                continue
            if known[bill.usage_id].version > usage.version:
                del a.fresh[period]


def _plan(asked: Asked, stored: Sequence[Stored], known: Mapping[str, Usage]) -> Chain:
    return chains.plan(asked.terms, stored, asked.fresh, known, cancelled=asked.cancelled, force=asked.force)


async def _store(
    tx: Tx,
    kept: Sequence[Chain],
    proposed: Sequence[Draft],
    stored: Mapping[str, Sequence[Stored]],
    *,
    context: Context,
    actor: str,
    business_date: date | None,
) -> None:
    drafts = [draft for chain in kept for draft in chain.drafts]
    corrected = [chain for chain in kept if any(d.status == ISSUED for d in chain.drafts)]
    writings = [Writing(bill_id=ids.new(), draft=d) for d in [*drafts, *proposed] if d.status != ISSUED]
    if corrected:
        day = business_date or await correction_day(tx, corrected)
        writings += await corrections.write(tx, corrected, corrected_on=day, policies=context.policies, actor=actor)
    overtaken = [
        *(d.replaces for d in drafts if d.replaces is not None and d.status in (HELD, READY)),
        *_overtaken_proposals(stored, [*drafts, *proposed]),
    ]
    # the old bill steps back before the new one takes its place
    await bills_store.move(tx, [(bill.bill_id, bill.row_version) for bill in overtaken], "replace")
    if writings:
        await bills_store.insert(tx, writings)
    restated = [item for chain in kept for item in chain.restated]
    if restated:
        await bills_store.restate(tx, restated)


def _overtaken_proposals(stored: Mapping[str, Sequence[Stored]], drafts: Sequence[Draft]) -> list[Stored]:
    periods = {(d.terms.contract_no, d.usage.period_from, d.usage.period_to) for d in drafts}
    return [
        bill
        for contract_no, bills in stored.items()
        for bill in bills
        if bill.status == PROPOSED and (contract_no, bill.period_from, bill.period_to) in periods
    ]


async def correction_day(tx: Tx, corrected: Sequence[Chain]) -> date:
    """Return the business date of corrections: the latest that billing has heard of.

    That is never before the review day of a usage that the correction rests on.
    """
    latest = max(d.usage.read_date for chain in corrected for d in chain.drafts) + timedelta(days=1)
    day = await business_day.latest(tx)
    return max(day, latest) if day else latest
