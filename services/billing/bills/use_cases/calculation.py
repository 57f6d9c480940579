"""From usages to bills: join the contract, rate from the ladder state before, review, store; correct what was issued."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.billing.bills.domain import chains, proposing, reviewing
from services.billing.bills.domain.bills import HELD, ISSUED, READY, Draft, bill_id_of
from services.billing.bills.domain.chains import Chain
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import told
from services.billing.bills.store.written import Writing
from services.billing.bills.use_cases import basing, corrections, inputs, sending, two_people
from services.billing.bills.use_cases.asked import Asked
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.freezes import store as freezes_store
from services.billing.freezes.domain import NONE
from shared import ids
from shared.db.engine import Tx


async def calculate(tx: Tx, asked: Mapping[str, Asked], *, context: Context, actor: str = "") -> None:
    """Calculate what is asked for contracts whose accounts are locked, and store the result.

    What was proposed on days that are calculated now is taken up with it: a contract has one chain. The number of statements does
    not depend on the number of contracts.
    """
    # a proposal steps back before what takes its place is proposed
    await bills_store.move(tx, [bill for a in asked.values() for bill in a.overtaken], "replace")
    if all(a.start is None for a in asked.values()):
        return
    read = await inputs.read(tx, asked)
    await bills_store.move(tx, [(row.bill_id, row.row_version) for row in read.proposed], "replace")
    loaded = await context.books.current(tx)
    rate = inputs.rated_by(context.rater, loaded.book, loaded.names)

    def rated(chosen: Mapping[str, Asked], *, issued_stand: bool) -> list[tuple[Asked, Chain]]:
        planned = [(a, read.chain(a, issued_stand=issued_stand)) for a in chosen.values() if a.start is not None]
        chains.calculate([c for _, c in planned], rate, context.policies, read.old_lines)
        return planned

    kept, proposed, rest = list[tuple[Asked, Chain]](), list[Draft](), dict[str, Asked]()
    planned = rated(asked, issued_stand=False)
    corrects = any(proposing.corrects(chain) for _, chain in planned)
    today = await business_day.latest(tx) if corrects else None
    standing = await freezes_store.while_issuing(tx) if corrects else NONE
    limits = two_people.on(today, context)
    for request, chain in planned:
        frozen = bool(standing.freezes) and proposing.is_frozen(chain, standing, read.known)
        if not frozen and not proposing.needs_reviewer(
            chain, context.policies, limits, findings_seen=request.approved, by_two=request.by_two
        ):
            kept.append((request, chain))
            continue
        # the correction waits for a reviewer; what else came for this contract is calculated without it
        drafts = proposing.proposals(chain, ids.new(), limits, read.known, frozen=frozen)
        proposed += drafts
        rest[request.terms.contract_no] = _rest(request, drafts)
    if rest:
        kept += rated(rest, issued_stand=True)
    basis = await basing.record(tx, loaded, context=context)
    days = {no: request.day for no, request in asked.items()}
    await _store(tx, kept, proposed, context=context, basis=basis, actor=actor, days=days, today=today)


def _rest(asked: Asked, proposed: Sequence[Draft]) -> Asked:
    """Return what is left of what was asked: the proposed usages, and the bills that they would take out, stay as they are."""
    aside = [draft.usage for draft in proposed]
    ids_aside = {usage.usage_id for usage in aside}
    return Asked(
        terms=asked.terms,
        fresh={period: usage for period, usage in asked.fresh.items() if usage.usage_id not in ids_aside},
        out={no: period for no, period in asked.out.items() if not any(u.shares_a_day(*period) for u in aside)},
        reason=asked.reason,
        again=asked.again,
        day=asked.day,
    )


async def _store(
    tx: Tx,
    kept: Sequence[tuple[Asked, Chain]],
    proposed: Sequence[Draft],
    *,
    context: Context,
    basis: str,
    actor: str,
    days: Mapping[str, date | None],
    today: date | None,
) -> None:
    drafts = [draft for _, chain in kept for draft in chain.drafts]
    correcting = [(a, chain) for a, chain in kept if proposing.corrects(chain)]
    waiting = [d for d in [*drafts, *proposed] if d.status != ISSUED]
    writings = [
        Writing(bill_id=bill_id_of(d), draft=d, issue_on=_issue_day(d.usage.told_on, days[d.terms.contract_no]))
        for d in waiting
    ]
    if correcting:
        undated = [chain for a, chain in correcting if a.day is None]
        latest = _correction_day(today, undated) if undated else date.min
        corrected = [(a.reason or a.cause.removeprefix("billing."), a.day or latest, c) for a, c in correcting]
        writings += await corrections.write(tx, corrected, policies=context.policies, actor=actor)
    replaced = [
        *(draft.replaces for draft in drafts if draft.replaces is not None),
        *(bill for _, chain in kept for bill in chain.gone),
    ]
    # the old bill steps back before the new one takes its place
    overtaken = [(bill.bill_id, bill.row_version) for bill in replaced if bill.status in (HELD, READY)]
    await bills_store.move(tx, overtaken, "replace")
    if writings:
        await bills_store.insert(tx, writings, basis=basis)
        # reading ends the period at the read of a day of change; it tells the parts as soon as there is one
        wanted = [(told.values_of(one), one.draft.read_wanted) for one in writings if one.draft.read_wanted]
        tx.publish(
            [
                told.reread(v, reason=reviewing.READ_MISSING, requested_by=sending.REQUESTED_BY, day=day)
                for v, day in wanted
            ]
        )
    await sending.follow(tx, sending.found_of(writings), context=context)
    restated = [item for _, chain in kept for item in chain.restated]
    if restated:
        await bills_store.restate(tx, restated)


def _issue_day(*days: date | None) -> date | None:
    return max((day for day in days if day), default=None)


def _correction_day(today: date | None, corrected: Sequence[Chain]) -> date:
    """Return the business date of corrections: the latest that billing has heard of, `today`.

    That is never before the review day of a usage that the correction rests on, nor before that was told.
    """
    rests_on = [d.usage.read_date for chain in corrected for d in chain.drafts]
    told_on = [d.usage.told_on for chain in corrected for d in chain.drafts if d.usage.told_on]
    latest = max([*rests_on, *(bill.period_to for chain in corrected for bill in chain.gone)]) + timedelta(days=1)
    return max(filter(None, (latest, *told_on, today)))
