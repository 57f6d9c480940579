"""The review queue's decisions (审核): approve, hold, ask for a re-read, correct; by a reviewer who read none of the reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED, LIFE, PROPOSED, READY, cause
from services.billing.bills.domain.policy import DECISION, KINDS, RELEASE_OF_BILL
from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import asked, calculation, corrections, sending, two_people
from services.billing.bills.use_cases.asked import Asked
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.contracts.domain import class_on
from services.billing.contracts.store import contracts as contracts_store
from services.billing.review import store as review_store
from services.billing.review import use_cases as review
from services.billing.review.domain.findings import HELD_BY_REVIEWER, HOLD, NOT_RATED, Finding
from services.billing.site_orders.use_cases import at_site
from services.billing.usages.domain import Usage
from services.billing.usages.store import usages as usages_store
from shared import approvals, ids
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.statemachine import MoveRefused
from shared.web import conditional

Kind = Literal["approve", "hold", "request_reread", "request_inspection", "request_use_check", "correct", "cancel"]
_ON_SITE: Final = {"request_reread": "reread", "request_inspection": "inspection", "request_use_check": "use_check"}
"""Decisions that ask for a site order, with its kind."""
_OF_ALL: Final = ("approve", "correct", "cancel")
"""Decisions on all that was proposed together."""


class UnknownBill(BusinessError):
    status = 404
    code = "bill.unknown"
    title = "There is no such bill"


class ReviewerRead(BusinessError):
    status = 403
    code = "bill.reviewer_read_meter"
    title = "Who had a hand in the reads of a bill may not decide on it"


class AssignedToAnother(BusinessError):
    status = 409
    code = "bill.assigned_to_another"
    title = "The bill is another reviewer's: take it over before you decide"


class ExplanationMissing(BusinessError):
    status = 422
    code = "bill.explanation_missing"
    title = "A held bill is only approved with an explanation"


class NotDecidable(BusinessError):
    status = 409
    code = "bill.not_decidable"
    title = "The bill is in a status that does not allow this decision"


class TooEarly(BusinessError):
    status = 422
    code = "bill.decided_before_its_basis"
    title = "The day lies before what the decision rests on: the read day of the usage, or the issue of the bill"


class NotRated(BusinessError):
    status = 409
    code = "bill.not_rated"
    title = "The bill could not be rated: correct what the rating misses, then decide `correct`"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a reviewer decides; `business_date` is the day of the decision, by default the latest that billing has heard of.

    It is never before the read day of the usage, nor before the issue of the bill. `verdicts`: whether findings were right, by
    code. `second`: who approved it where it needs two.
    """

    kind: Kind
    explanation: str
    actor: str
    seen: int
    verdicts: Mapping[str, str]
    business_date: date | None = None
    second: str = ""


async def decide(
    tx: Tx, bill_id: str, decision: Decision, *, may_see: Callable[[str], bool], context: Context
) -> Approval | None:
    """Apply a reviewer's decision to a bill, with its audit row; or ask for a second person's, and return what is asked for.

    `approve` lets a held bill go out with its run (by itself where the run is out already) or carries a proposed correction out;
    `hold` keeps it; `request_reread`, `request_inspection` and `request_use_check` also ask reading for that; `correct`
    calculates it and all later bills again with the facts as they are now; `cancel` takes it out, with a reversal where it was
    issued. What was proposed together is approved, corrected and cancelled together: one decision is one of all, and what is
    proposed for later days goes out with what is approved or corrected; a verdict is one on the finding in each of them. What
    changes issued bills of an amount that the policy names, or releases a bill of such an amount that a rule holds, is done once
    a second person has approved it, who has read none of the reads either; where only the new bills come to such an amount, they
    are proposed. On what is somebody's only they decide, until its review ends; what a site order is out for waits for it.
    Raises the refusals of this module, and those of verdicts and site orders.
    """
    row = await _locked(tx, bill_id, may_see)
    conditional.require(decision.seen, row.row_version)
    group = await bills_store.proposals(tx, [row.group_id]) if row.status == PROPOSED and row.group_id else [row]
    if decision.kind == "approve" and not decision.explanation.strip():
        raise ExplanationMissing
    if decision.kind == "correct" or (decision.kind == "approve" and row.status == PROPOSED):
        group = await _with_proposed(tx, row, group)
    deciding = group if decision.kind in _OF_ALL else [row]
    usages = await usages_store.by_id(tx, [each.usage_id for each in deciding])
    day = await _day(tx, decision, deciding, usages)
    if any(who in usage.actors for who in (decision.actor, decision.second) for usage in usages.values()):
        raise ReviewerRead
    owners = await review_store.assignees(tx, [each.bill_id for each in deciding])
    if not decision.second and owners.keys() and set(owners.values()) != {decision.actor}:
        raise AssignedToAnother
    if decision.kind == "approve" and any(NOT_RATED in _found(each, HOLD) for each in group):
        raise NotRated
    ended = [each for each in deciding if each.status in (HELD, PROPOSED)] if decision.kind in _OF_ALL else []
    await at_site.check(tx, ended, decision.explanation)
    review.check(deciding, ended, decision.verdicts)
    needed = None if decision.second else _kind_of(decision, row, deciding)
    if needed is not None:
        largest = max(abs(each.total_fen) for each in [*deciding, *await _replaced(tx, deciding)])
        second = (await two_people.rules(tx, context)).scope(needed, largest)
        if second is not None:
            return await _ask(tx, row, decision, needed, day, deciding, second)
    await _write_decision(tx, deciding, usages, decision, day)
    if decision.kind == "approve":
        await _approve(tx, row, group, decision, day, context)
    elif decision.kind in ("hold", *_ON_SITE):
        await _hold(tx, row)
        if decision.kind in _ON_SITE:
            await sending.by_reviewer(tx, row, _ON_SITE[decision.kind], actor=decision.actor, day=day)
    elif decision.kind == "correct":
        await _correct(tx, row, group, decision, day, context)
    else:
        await _cancel(tx, row, group, decision, day, context)
    if decision.kind in ("approve", "cancel"):
        await review_store.end_assignments(tx, [each.bill_id for each in deciding])
    tx.after_commit(context.wake.set)
    return None


async def _replaced(tx: Tx, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the issued bills whose place proposals take: who makes a large bill small decides on the large one."""
    days = [(row.service_point_no, row.period_from, row.period_to) for row in rows if row.status == PROPOSED]
    return [bill for bill in await bills_store.sharing_days(tx, days) if bill.status == ISSUED] if days else []


async def _with_proposed(tx: Tx, row: Row[Any], group: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return bills with what is proposed for their contract on their days and later: it is calculated with them."""
    first = min(each.period_from for each in group)
    groups = {each.group_id for each in await bills_store.proposed_since(tx, row.contract_no, first)}
    proposed = await bills_store.proposals(tx, sorted(groups)) if groups else []
    return [*(each for each in group if each.status != PROPOSED), *proposed]


def _kind_of(decision: Decision, row: Row[Any], deciding: Sequence[Row[Any]]) -> str | None:
    """Return as what kind of approval policy has a word on a decision."""
    if decision.kind in ("cancel", "correct") and row.status == ISSUED:
        return DECISION
    if decision.kind in ("approve", "correct") and any(each.status == PROPOSED for each in deciding):
        return DECISION
    if decision.kind == "approve" and row.status == HELD and _found(row, HOLD) - {HELD_BY_REVIEWER}:
        return RELEASE_OF_BILL
    return None


def _found(row: Row[Any], severity: str) -> set[str]:
    return {found["code"] for found in orjson.loads(row.findings) if found["severity"] == severity}


async def _ask(
    tx: Tx, row: Row[Any], decision: Decision, kind: str, day: date, rows: Sequence[Row[Any]], second: str
) -> Approval:
    content = {
        "bill_id": row.bill_id,
        "decision": decision.kind,
        "explanation": decision.explanation,
        "verdicts": dict(decision.verdicts),
        "row_version": decision.seen,
        "business_date": str(day),
        "bills": [{"bill_id": each.bill_id, "total_fen": each.total_fen} for each in rows],
        "held_by": sorted(_found(row, HOLD)),
    }
    return await approvals.ask(
        tx,
        kind=kind,
        subject_id=row.bill_id,
        content=content,
        org_unit=row.org_unit,
        requested_by=decision.actor,
        reason=decision.explanation,
        second=second,
    )


def kinds_of_approval(context: Context) -> list[approvals.Kind]:
    """Return the kinds of approvals that carry a reviewer's decision out: on issued bills, and on those that a rule holds."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        content = approval.content
        decision = Decision(
            kind=content["decision"],
            explanation=content["explanation"],
            actor=approval.requested_by,
            seen=content["row_version"],
            verdicts=content.get("verdicts", {}),
            business_date=date.fromisoformat(content["business_date"]),
            second=actor,
        )
        await decide(tx, content["bill_id"], decision, may_see=lambda _unit: True, context=context)

    return [approvals.Kind(name=kind, scope=KINDS[kind], carry_out=carry_out) for kind in (DECISION, RELEASE_OF_BILL)]


async def _locked(tx: Tx, bill_id: str, may_see: Callable[[str], bool]) -> Row[Any]:
    before = (await bills_store.heads(tx, [bill_id])).get(bill_id)
    if before is None or not may_see(before.org_unit):
        raise UnknownBill
    # all that were ever supplied there, whose days the bill's may be now
    await contracts_store.lock_at(tx, [before.service_point_no])
    return (await bills_store.heads(tx, [bill_id]))[bill_id]


async def _day(tx: Tx, decision: Decision, rows: Sequence[Row[Any]], usages: Mapping[str, Usage]) -> date:
    days = [usage.read_date for usage in usages.values()]
    rests_on: date = max([*days, *(row.issued_on for row in rows if row.issued_on)])
    if decision.business_date is None:
        return max(await business_day.latest(tx) or rests_on, rests_on)
    if decision.business_date < rests_on:
        raise TooEarly
    return decision.business_date


async def _write_decision(
    tx: Tx, rows: Sequence[Row[Any]], usages: Mapping[str, Usage], decision: Decision, day: date
) -> None:
    """Record the decision; who read cannot be its maker, which the party table and its foreign key hold as well."""
    await review_store.add_readers(tx, [(row.bill_id, usages[row.usage_id].actors) for row in rows])
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
                "business_date": day,
            }
            for decision_id, row in decisions.items()
        ],
    )
    terms = await contracts_store.terms_by_number(tx, [row.contract_no for row in rows])
    classes = {row.bill_id: class_on(terms[row.contract_no].account_terms, row.period_to) for row in rows}
    await review.record(tx, decisions, decision.verdicts, classes=classes, decided_by=decision.actor, day=day)
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


async def _approve(
    tx: Tx, row: Row[Any], group: Sequence[Row[Any]], decision: Decision, day: date, context: Context
) -> None:
    if row.status == PROPOSED:
        await _recalculate(tx, row, group, decision, day, context, approved=True)
    else:
        issue_on = max(day, row.issue_on or day)
        await bills_store.change(tx, row, status=_after(row, "approve"), issue_on=issue_on, held_at=None)


async def _hold(tx: Tx, row: Row[Any]) -> None:
    status = _after(row, "hold")
    if row.status == PROPOSED:
        await bills_store.change(tx, row, status=status)
        return
    found = orjson.loads(row.findings)
    if all(f["code"] != HELD_BY_REVIEWER for f in found):
        found.append(Finding(HELD_BY_REVIEWER, HOLD).as_json())
    await bills_store.change(
        tx, row, status=status, held_at=row.held_at or tx.now, findings=orjson.dumps(found).decode()
    )


async def _correct(
    tx: Tx, row: Row[Any], group: Sequence[Row[Any]], decision: Decision, day: date, context: Context
) -> None:
    if row.status not in (*EFFECTIVE, PROPOSED):
        raise NotDecidable(row.status)
    if row.status in (HELD, READY):
        await _release_hold(tx, row)
    await _recalculate(tx, row, group, decision, day, context)


async def _cancel(
    tx: Tx, row: Row[Any], group: Sequence[Row[Any]], decision: Decision, day: date, context: Context
) -> None:
    if row.status == ISSUED:
        await corrections.cancel(tx, row, corrected_on=day, policies=context.policies, actor=decision.actor)
    else:
        _after(row, "cancel")
        await bills_store.move(tx, [(each.bill_id, each.row_version) for each in group], "cancel")
    if row.status == PROPOSED:
        return
    terms = (await contracts_store.terms_by_number(tx, [row.contract_no]))[row.contract_no]
    out = {row.bill_id: (row.period_from, row.period_to)}
    request = Asked(terms=terms, out=out, approved=True, by_two=bool(decision.second))
    await calculation.calculate(
        tx, {row.contract_no: request}, context=context, actor=decision.actor, business_date=day
    )


def _after(row: Row[Any], event: str) -> str:
    try:
        return LIFE.move(row.status, event)
    except MoveRefused:
        raise NotDecidable(row.status) from None


async def _recalculate(
    tx: Tx,
    row: Row[Any],
    group: Sequence[Row[Any]],
    decision: Decision,
    day: date,
    context: Context,
    *,
    approved: bool = False,
) -> None:
    """Calculate the days of a bill, and of all that is proposed with it, from the usages and contracts in force on them now.

    Bills in force on these days whose usages or contracts are not any more are taken out with it; a usage that no contract covers
    waits for one. All later bills are calculated again too.
    """
    proposals = [each for each in group if each.status == PROPOSED]
    found = await asked.on_days(tx, [row, *proposals], of_any_contract=True)
    await usages_store.set_waiting(tx, [usage.usage_id for usage in found.loose], usages_store.CONTRACT_MISSING)
    own = found.requests[row.contract_no]
    own.overtaken = [(each.bill_id, each.row_version) for each in proposals]
    own.reason = next((cause(each.findings).removeprefix("billing.") for each in proposals), "")
    own.again = min([row.period_from, *(each.period_from for each in proposals)])
    for request in found.requests.values():
        request.approved = approved
    own.decided, own.by_two = True, bool(decision.second)
    await calculation.calculate(tx, found.requests, context=context, actor=decision.actor, business_date=day)


async def _release_hold(tx: Tx, row: Row[Any]) -> None:
    """Drop a reviewer's own hold from a bill that is corrected; what the rules find on the new version holds it again."""
    found = [f for f in orjson.loads(row.findings) if f["code"] != HELD_BY_REVIEWER]
    await bills_store.set_findings(tx, row.bill_id, orjson.dumps(found).decode())
