"""From usages to bills: join the contract, rate from the ladder state before, review, store; correct what was issued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from services.billing.bills.domain import chains
from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, READY, Draft, Stored
from services.billing.bills.domain.chains import Chain
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store.written import Writing
from services.billing.bills.use_cases import corrections
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts.domain import Terms
from services.billing.usages import store as usages_store
from services.billing.usages.domain import Usage
from shared import ids
from shared.db.engine import Tx

Period = tuple[date, date]


@dataclass(slots=True, kw_only=True)
class Asked:
    """What is to be calculated for one contract.

    `fresh`: new usages by period. `out`: bills that are taken out, their periods by id; one that was taken out before leaves its
    period here, so that later bills begin where it began. `overtaken`: proposals that are none any more, as (id, version of the
    row). `reason`: why, for a correction whose usages do not say it.
    """

    terms: Terms
    fresh: dict[Period, Usage] = field(default_factory=dict)
    out: dict[str, Period] = field(default_factory=dict)
    overtaken: list[tuple[str, int]] = field(default_factory=list)
    reason: str = ""
    force: bool = False
    approved: bool = False

    @property
    def start(self) -> date | None:
        """Return the first day that is calculated; None where nothing is."""
        return min((from_ for from_, _ in [*self.fresh, *self.out.values()]), default=None)


async def calculate(
    tx: Tx, asked: Mapping[str, Asked], *, context: Context, actor: str = "", business_date: date | None = None
) -> None:
    """Calculate what is asked for contracts whose accounts are locked, and store the result.

    The number of statements does not depend on the number of contracts.
    """
    starts = {no: start for no, a in asked.items() if (start := a.start) is not None}
    # a proposal steps back before what takes its place is proposed
    await bills_store.move(tx, [bill for a in asked.values() for bill in a.overtaken], "replace")
    if not starts:
        return
    stored = await bills_store.from_periods(tx, starts)
    known, old_lines = await _later(tx, starts, stored)
    loaded = await context.books.current(tx)
    kept: list[tuple[Asked, Chain]] = []
    proposed: list[Draft] = []
    pending = {no: asked[no] for no in starts}
    while pending:
        planned = [(a, _plan(a, stored[no], known)) for no, a in pending.items() if a.fresh or a.out]
        chains.calculate([c for _, c in planned], lambda r: context.rater(r, loaded.book), context.policies, old_lines)
        pending = {}
        for request, chain in planned:
            drafts = (
                []
                if request.approved or not chains.needs_reviewer(chain, context.policies)
                else chains.proposals(chain, ids.new())
            )
            if not drafts:
                kept.append((request, chain))
                continue
            # the correction waits for a reviewer; what else came for this contract is calculated without it
            proposed += drafts
            pending[request.terms.contract_no] = _rest(request, drafts)
    await _store(tx, kept, proposed, context=context, actor=actor, business_date=business_date)


def _rest(asked: Asked, proposed: Sequence[Draft]) -> Asked:
    """Return what is left of what was asked: the proposed usages, and the bills that they would take out, stay as they are."""
    aside = [draft.usage for draft in proposed]
    ids_aside = {usage.usage_id for usage in aside}
    return Asked(
        terms=asked.terms,
        fresh={period: usage for period, usage in asked.fresh.items() if usage.usage_id not in ids_aside},
        out={no: period for no, period in asked.out.items() if not any(u.shares_a_day(*period) for u in aside)},
        reason=asked.reason,
        approved=True,
    )


async def _later(
    tx: Tx, starts: Mapping[str, date], stored: Mapping[str, Sequence[Stored]]
) -> tuple[dict[str, Usage], dict[str, str]]:
    """Return the usages and lines of the effective bills that may be calculated again; in the common case there are none."""
    again = [
        bill
        for no, start in starts.items()
        for bill in stored[no]
        if bill.status in EFFECTIVE and bill.period_from >= start
    ]
    if not again:
        return {}, {}
    known = await usages_store.by_id(tx, [bill.usage_id for bill in again])
    return known, await bills_store.lines_of(tx, [bill.bill_id for bill in again])


def _plan(asked: Asked, stored: Sequence[Stored], known: Mapping[str, Usage]) -> Chain:
    return chains.plan(asked.terms, stored, asked.fresh, known, out=asked.out, force=asked.force)


async def _store(
    tx: Tx,
    kept: Sequence[tuple[Asked, Chain]],
    proposed: Sequence[Draft],
    *,
    context: Context,
    actor: str,
    business_date: date | None,
) -> None:
    drafts = [draft for _, chain in kept for draft in chain.drafts]
    corrected = [(a.reason, chain) for a, chain in kept if _corrects(chain)]
    writings = [Writing(bill_id=ids.new(), draft=d) for d in [*drafts, *proposed] if d.status != ISSUED]
    if corrected:
        day = business_date or await correction_day(tx, [chain for _, chain in corrected])
        writings += await corrections.write(tx, corrected, corrected_on=day, policies=context.policies, actor=actor)
    replaced = [
        *(draft.replaces for draft in drafts if draft.replaces is not None),
        *(bill for _, chain in kept for bill in chain.gone),
    ]
    # the old bill steps back before the new one takes its place
    overtaken = [(bill.bill_id, bill.row_version) for bill in replaced if bill.status in (HELD, READY)]
    await bills_store.move(tx, overtaken, "replace")
    if writings:
        await bills_store.insert(tx, writings)
    restated = [item for _, chain in kept for item in chain.restated]
    if restated:
        await bills_store.restate(tx, restated)


def _corrects(chain: Chain) -> bool:
    return any(d.status == ISSUED for d in chain.drafts) or any(bill.status == ISSUED for bill in chain.gone)


async def correction_day(tx: Tx, corrected: Sequence[Chain]) -> date:
    """Return the business date of corrections: the latest that billing has heard of.

    That is never before the review day of a usage that the correction rests on.
    """
    rests_on = [d.usage.read_date for chain in corrected for d in chain.drafts]
    latest = max([*rests_on, *(bill.period_to for chain in corrected for bill in chain.gone)]) + timedelta(days=1)
    day = await business_day.latest(tx)
    return max(day, latest) if day else latest
