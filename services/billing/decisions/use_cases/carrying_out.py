"""Carrying decisions on bills out: each kind over all of its bills at once."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.bills import HELD, ISSUED, LIFE, PROPOSED, READY, cause
from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import asked, calculation, corrections, sending
from services.billing.bills.use_cases.asked import Asked
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.decisions.use_cases.checking import HOLDS, ON_SITE, Decision, Subject
from services.billing.review import store as review_store
from services.billing.review.domain.findings import HELD_BY_REVIEWER, HOLD, Finding
from services.billing.usages.store import usages as usages_store
from shared.db.engine import Tx


async def carry_out(
    tx: Tx, decision: Decision, subjects: Sequence[Subject], days: Mapping[str, date], *, context: Context
) -> None:
    """Do what was decided on bills that allow it, each on its day. What is calculated anew is of other contracts each."""
    if decision.kind in HOLDS:
        await _hold(tx, [subject.row for subject in subjects])
        if decision.kind in ON_SITE:
            rows = [subject.row for subject in subjects]
            await sending.by_reviewer(tx, rows, ON_SITE[decision.kind], actor=decision.actor, days=days)
    elif decision.kind == "approve":
        await _approve(tx, [each.row for each in subjects if each.row.status != PROPOSED], days)
        proposed = [each for each in subjects if each.row.status == PROPOSED]
        await _recalculate(tx, proposed, decision, days, context, approved=True)
    elif decision.kind == "correct":
        await _release_holds(tx, [each.row for each in subjects if each.row.status in (HELD, READY)])
        await _recalculate(tx, subjects, decision, days, context)
    else:
        await _cancel(tx, subjects, decision, days, context)
    if decision.kind in ("approve", "cancel"):
        await review_store.end_assignments(tx, [each.bill_id for one in subjects for each in one.deciding])


async def _approve(tx: Tx, rows: Sequence[Row[Any]], days: Mapping[str, date]) -> None:
    if not rows:
        return
    await bills_store.note_reviewed(tx, [row.bill_id for row in rows])
    await bills_store.change(
        tx,
        rows,
        status=[LIFE.move(row.status, "approve") for row in rows],
        issue_on=[max(days[row.bill_id], row.issue_on or days[row.bill_id]) for row in rows],
        held_at=[None] * len(rows),
    )


async def _hold(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    """Keep bills back: what is proposed waits anyway, others have a reviewer's own finding from now on."""
    await bills_store.change(
        tx,
        rows,
        status=[LIFE.move(row.status, "hold") for row in rows],
        held_at=[row.held_at or tx.now for row in rows],
        findings=[row.findings if row.status == PROPOSED else _with_own_hold(row.findings) for row in rows],
    )


def _with_own_hold(text: str) -> str:
    found = orjson.loads(text)
    if all(each["code"] != HELD_BY_REVIEWER for each in found):
        found.append(Finding(HELD_BY_REVIEWER, HOLD).as_json())
    return orjson.dumps(found).decode()


async def _cancel(
    tx: Tx, subjects: Sequence[Subject], decision: Decision, days: Mapping[str, date], context: Context
) -> None:
    issued = [each.row for each in subjects if each.row.status == ISSUED]
    on = [(row, days[row.bill_id]) for row in issued]
    await corrections.cancel(tx, on, policies=context.policies, actor=decision.actor)
    gone = [each for one in subjects if one.row.status != ISSUED for each in one.group]
    await bills_store.move(tx, [(each.bill_id, each.row_version) for each in gone], "cancel")
    rows = [each.row for each in subjects if each.row.status != PROPOSED]
    if not rows:
        return
    terms = await contracts_store.terms_by_number(tx, [row.contract_no for row in rows])
    requests = {
        row.contract_no: Asked(
            terms=terms[row.contract_no],
            out={row.bill_id: (row.period_from, row.period_to)},
            approved=True,
            by_two=bool(decision.second),
            day=days[row.bill_id],
        )
        for row in rows
    }
    await calculation.calculate(tx, requests, context=context, actor=decision.actor)


async def _recalculate(
    tx: Tx,
    subjects: Sequence[Subject],
    decision: Decision,
    days: Mapping[str, date],
    context: Context,
    *,
    approved: bool = False,
) -> None:
    """Calculate the days of bills, and of all that is proposed with them, from the usages and contracts in force on them now.

    Bills in force on these days whose usages or contracts are not any more are taken out with them; a usage that no contract
    covers waits for one. All later bills are calculated again too.
    """
    if not subjects:
        return
    day_at: dict[str, date] = {}
    for each in subjects:
        point, day = each.row.service_point_no, days[each.row.bill_id]
        day_at[point] = max(day, day_at.get(point, day))
    rows = [row for each in subjects for row in (each.row, *each.proposals)]
    found = await asked.on_days(tx, rows, of_any_contract=True)
    await usages_store.set_waiting(tx, [usage.usage_id for usage in found.loose], usages_store.CONTRACT_MISSING)
    for request in found.requests.values():
        request.approved = approved
        # of another contract, that has the usage now: the day of the decision at this point
        request.day = max((day_at[usage.service_point_no] for usage in request.fresh.values()), default=None)
    for each in subjects:
        request, proposals = found.requests[each.row.contract_no], each.proposals
        request.overtaken = [(one.bill_id, one.row_version) for one in proposals]
        request.reason = next((cause(one.findings).removeprefix("billing.") for one in proposals), "")
        request.again = min([each.row.period_from, *(one.period_from for one in proposals)])
        request.decided, request.by_two = True, bool(decision.second)
        request.day = days[each.row.bill_id]
    await calculation.calculate(tx, found.requests, context=context, actor=decision.actor)


async def _release_holds(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    """Drop a reviewer's own hold from bills that are corrected; what the rules find on the new version holds it again."""
    kept = {
        row.bill_id: [found for found in orjson.loads(row.findings) if found["code"] != HELD_BY_REVIEWER]
        for row in rows
    }
    await bills_store.set_findings(tx, {bill_id: orjson.dumps(found).decode() for bill_id, found in kept.items()})
