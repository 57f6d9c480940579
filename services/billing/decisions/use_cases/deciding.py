"""The review queue's decisions (审核): approve, hold, ask for a re-read, correct; by a reviewer who read none of the reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.bills import PROPOSED
from services.billing.bills.domain.policy import DECISION, KINDS, RELEASE_OF_BILL
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import hands
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts.domain import class_on
from services.billing.contracts.store import contracts as contracts_store
from services.billing.decisions.use_cases import checking, second_person
from services.billing.decisions.use_cases.carrying_out import carry_out
from services.billing.decisions.use_cases.checking import OF_ALL, Decision, Known, Seen, Subject
from services.billing.freezes import store as freezes_store
from services.billing.review import store as review_store
from services.billing.review import use_cases as review
from services.billing.site_orders.use_cases import at_site
from services.billing.usages.store import usages as usages_store
from shared import approvals, ids
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What became of a decision on one bill: refused, asked of a second person, or done where neither."""

    refusal: BusinessError | None = None
    approval: Approval | None = None


DONE = Decided()


async def decide_one(
    tx: Tx, bill: Seen, decision: Decision, *, may_see: Callable[[str], bool], context: Context
) -> Approval | None:
    """Apply a reviewer's decision to a bill as `decide` does; raises what speaks against it."""
    (decided,) = await decide(tx, decision, [bill], may_see=may_see, context=context)
    if decided.refusal is not None:
        raise decided.refusal
    return decided.approval


async def decide(
    tx: Tx, decision: Decision, bills: Sequence[Seen], *, may_see: Callable[[str], bool], context: Context
) -> list[Decided]:
    """Apply a reviewer's decision to bills, with audit rows; or ask for a second person's. One outcome per bill.

    `approve` lets a held bill go out with its run (by itself where the run is out already) or carries a proposed correction out;
    `hold` keeps it; `request_reread`, `request_inspection` and `request_use_check` also ask reading for that; `correct`
    calculates it and all later bills again with the facts as they are now; `cancel` takes it out, with a reversal where it was
    issued. What was proposed together is approved, corrected and cancelled together: one decision is one of all, and what is
    proposed for later days goes out with what is approved or corrected; a verdict is one on the finding in each of them. What
    changes issued bills of an amount that the policy names, or releases a bill of such an amount that a rule holds, is done once
    a second person has approved it, who has read none of the reads either, nor of those that stood for these days before; where
    only the new bills come to such an amount, they are proposed. On what is somebody's only they decide, until its review ends;
    what a site order is out for waits for it.

    Bills of one service point that a decision calculates anew are decided one after the other, all others at once, in a number
    of statements that does not depend on theirs. Raises ExplanationMissing; all other refusals are outcomes.
    """
    if decision.kind == "approve" and not decision.explanation.strip():
        raise checking.ExplanationMissing
    before = await bills_store.heads(tx, [each.bill_id for each in bills])
    known = {bill_id: row for bill_id, row in before.items() if may_see(row.org_unit)}
    # all that were ever supplied there, whose days the bills' may be now
    await contracts_store.lock_at(tx, [row.service_point_no for row in known.values()])
    outcomes = {each.bill_id: Decided(refusal=checking.UnknownBill()) for each in bills}
    for wave in _waves(decision, [each for each in bills if each.bill_id in known], known):
        done = {bill_id for bill_id, outcome in outcomes.items() if outcome.refusal is None}
        outcomes |= await _decide(tx, decision, [each for each in wave if each.bill_id not in done], bills, context)
    tx.after_commit(context.wake.set)
    return [outcomes[each.bill_id] for each in bills]


def _waves(decision: Decision, bills: Sequence[Seen], known: Mapping[str, Row[Any]]) -> list[list[Seen]]:
    waves: list[list[Seen]] = [[]]
    times: dict[str, int] = {}
    for each in bills:
        row, place = known[each.bill_id], 0
        if checking.recalculates(decision.kind, row):
            place = times.get(row.service_point_no, 0)
            times[row.service_point_no] = place + 1
        waves += [[]] * (place >= len(waves))
        waves[place] = [*waves[place], each]
    return waves


async def _decide(
    tx: Tx, decision: Decision, wave: Sequence[Seen], bills: Sequence[Seen], context: Context
) -> dict[str, Decided]:
    """Decide on bills at once, and return the outcome by bill: also of those in `bills` that are decided along with them."""
    if not wave:
        return {}
    subjects = await _subjects(tx, decision, wave)
    deciding = {each.bill_id: each for subject in subjects for each in subject.deciding}
    known = Known(
        usages=await usages_store.by_id(tx, [row.usage_id for row in deciding.values()]),
        readers=await hands.of(tx, list(deciding.values())),
        owners=await review_store.assignees(tx, list(deciding)),
        orders=await at_site.orders_of(tx, list(deciding.values())),
        latest=await business_day.latest(tx),
        standing=await freezes_store.while_issuing(tx),
    )
    outcomes, days = dict[str, Decided](), dict[str, date]()
    for subject in subjects:
        try:
            days[subject.row.bill_id] = checking.check(decision, subject, known)
        except BusinessError as refusal:
            outcomes[subject.row.bill_id] = Decided(refusal=refusal)
    good = [subject for subject in subjects if subject.row.bill_id in days]
    for bill_id, approval in (await second_person.ask(tx, decision, good, days, context=context)).items():
        outcomes[bill_id] = Decided(approval=approval) if approval else Decided(refusal=approvals.AskedAlready())
    going = [subject for subject in good if subject.row.bill_id not in outcomes]
    if going:
        await _write(tx, decision, going, known, days)
        await carry_out(tx, decision, going, days, context=context)
    outcomes |= dict.fromkeys((subject.row.bill_id for subject in going), DONE)
    seen = {each.bill_id: each.row_version for each in bills}
    for subject in good:  # one decision is one of all that was proposed together, where all of it was seen as it is
        along = [row.bill_id for row in subject.deciding if seen.get(row.bill_id) == row.row_version]
        outcomes |= dict.fromkeys(along, outcomes[subject.row.bill_id])
    return outcomes


async def _subjects(tx: Tx, decision: Decision, bills: Sequence[Seen]) -> list[Subject]:
    """Return bills whose accounts are locked, each with what is decided along with it."""
    heads = await bills_store.heads(tx, [each.bill_id for each in bills])
    rows = [heads[each.bill_id] for each in bills]
    groups = await _groups(tx, {row.group_id for row in rows if row.status == PROPOSED and row.group_id})
    own = {row.bill_id: groups.get(row.group_id, [row]) if row.status == PROPOSED else [row] for row in rows}
    wide = [row for row in rows if decision.kind != "cancel" and checking.recalculates(decision.kind, row)]
    if wide:  # what is proposed for their contracts on their days and later is calculated with them
        since = {row.contract_no: min(each.period_from for each in own[row.bill_id]) for row in wide}
        later = await bills_store.proposed_since(tx, since)
        proposed = await _groups(tx, {row.group_id for row in later if row.group_id})
        for row in wide:
            joined = {each.group_id for each in later if each.contract_no == row.contract_no}
            own[row.bill_id] = [
                *(each for each in own[row.bill_id] if each.status != PROPOSED),
                *(each for group_id in sorted(joined) for each in proposed.get(group_id, ())),
            ]
    return [
        Subject(
            seen=each, row=row, group=(group := own[row.bill_id]), deciding=group if decision.kind in OF_ALL else [row]
        )
        for each, row in zip(bills, rows, strict=True)
    ]


async def _groups(tx: Tx, group_ids: set[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in await bills_store.proposals(tx, sorted(group_ids)) if group_ids else ():
        found.setdefault(row.group_id, []).append(row)
    return found


async def _write(
    tx: Tx, decision: Decision, subjects: Sequence[Subject], known: Known, days: Mapping[str, date]
) -> None:
    """Record decisions; who read cannot be their maker, which the party table and its foreign key hold as well."""
    day_of = {each.bill_id: days[subject.row.bill_id] for subject in subjects for each in subject.deciding}
    rows = list({each.bill_id: each for subject in subjects for each in subject.deciding}.values())
    await review_store.add_readers(tx, [(row.bill_id, known.readers[row.bill_id]) for row in rows])
    for who in filter(None, (decision.actor, decision.second)):
        await review_store.add_reviewer(tx, [row.bill_id for row in rows], who)
    decisions = {ids.new(): row for row in rows}
    await review_store.add_decisions(
        tx,
        [
            {
                "decision_id": decision_id,
                "bill_id": row.bill_id,
                "decided_by": decision.actor,
                "row_version": row.row_version,
                "decision": decision.kind,
                "explanation": decision.explanation,
                "business_date": day_of[row.bill_id],
            }
            for decision_id, row in decisions.items()
        ],
    )
    terms = await contracts_store.terms_by_number(tx, sorted({row.contract_no for row in rows}))
    classes = {row.bill_id: class_on(terms[row.contract_no].account_terms, row.period_to) for row in rows}
    await review.record(tx, decisions, decision.verdicts, classes=classes, decided_by=decision.actor, days=day_of)
    tx.audit(
        [
            AuditEntry(
                action="bill." + decision.kind,
                entity_kind="bill",
                entity_id=row.bill_id,
                actor=decision.actor,
                reason=decision.explanation,
                before_version=row.row_version,
                after_version=row.row_version + 1,
            )
            for row in rows
        ]
    )


def kinds_of_approval(context: Context) -> list[approvals.Kind]:
    """Return the kinds of approvals that carry a reviewer's decision out: on issued bills, and on those that a rule holds."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        content = approval.content
        decision = Decision(
            kind=content["decision"],
            explanation=content["explanation"],
            actor=approval.requested_by,
            verdicts=content.get("verdicts", {}),
            business_date=date.fromisoformat(content["business_date"]),
            second=actor,
        )
        bill = Seen(bill_id=content["bill_id"], row_version=content["row_version"])
        await decide_one(tx, bill, decision, may_see=lambda _unit: True, context=context)

    return [approvals.Kind(name=kind, scope=KINDS[kind], carry_out=carry_out) for kind in (DECISION, RELEASE_OF_BILL)]
