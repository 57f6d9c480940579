"""Instalment plans: proposed by one person, agreed by another, and judged by what is settled of what they cover."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.collection.dunning.use_cases import holds
from services.collection.ledger.domain.policy import APPROVALS, PLAN, Policy
from services.collection.ledger.store import accounts, late_settlements, receivables
from services.collection.ledger.use_cases import commands
from services.collection.plans import domain, store
from services.collection.plans.domain import AGREED, LIFE, PROPOSED, Instalment, Rulebook
from shared import approvals, ids
from shared.db import jobs
from shared.db.approvals import Approval
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.events.collection import PlanChanged, PlannedInstalment

JOB = "judge-plans"
ACTOR = "service:collection"
PLANS_PER_CHUNK = 500


class NotOwed(BusinessError):
    status = 409
    code = "plan.not_owed"
    title = "Nothing is owed by this account on one of these receivables"


class CoveredAlready(BusinessError):
    status = 409
    code = "plan.covered_already"
    title = "A plan that is proposed or agreed covers one of these receivables"


class ChangedMeanwhile(BusinessError):
    status = 409
    code = "plan.changed_meanwhile"
    title = "Something else is owed than when the plan was proposed, or an instalment of it lies in the past by now"


PROPOSING = (
    commands.AccountUnknown,
    NotOwed,
    CoveredAlready,
    domain.DaysWrong,
    domain.TooLong,
    domain.DoesNotAddUp,
)


async def propose(
    tx: Tx,
    account_no: str,
    *,
    receivable_ids: Sequence[str],
    instalments: Sequence[Instalment],
    explanation: str,
    actor: str,
    sees: commands.Sees,
    policy: Policy,
    rulebook: Rulebook,
    today: date,
) -> Approval:
    """Propose a plan, and ask a second person to agree to it. Raises PROPOSING."""
    org_unit = await commands.locked(tx, account_no, sees)
    owed = await receivables.open_ones(tx, account_no)
    covered = {no: owed[no] for no in sorted(set(receivable_ids)) if no in owed}
    if len(covered) < len(set(receivable_ids)):
        raise NotOwed
    if await store.under_way(tx, list(covered)):
        raise CoveredAlready
    rules = rulebook.on_or_first(today)
    domain.check(rules, instalments, sum(covered.values()), today)
    row = {
        "plan_no": ids.new(),
        "account_no": account_no,
        "org_unit": org_unit,
        "version": 1,
        "state": LIFE.start(PROPOSED),
        "covered_fen": sum(covered.values()),
        "grace_days": rules.grace_days,
        "proposed_on": today,
        "proposed_by": actor,
    }
    await store.add(tx, row, instalments, covered)
    tx.publish([_fact(row, instalments, list(covered), today)])
    tx.audit([_entry("proposed", str(row["plan_no"]), actor, explanation)])
    return await approvals.ask(
        tx,
        kind=PLAN,
        subject_id=str(row["plan_no"]),
        content={
            "account_no": account_no,
            "receivables": covered,
            "instalments": [[each.due_on.isoformat(), each.amount_fen] for each in instalments],
        },
        org_unit=org_unit,
        requested_by=actor,
        reason=explanation,
        second=policy.second_person(PLAN, today) or APPROVALS[PLAN],
    )


def kind_of_approval(today: Callable[[], date]) -> approvals.Kind:
    """Return the kind of approval by which a plan is agreed, if just as much is owed; rejected or taken back it is none."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        row, parts, covered = await _loaded(tx, approval)
        owed, on = await receivables.open_ones(tx, row.account_no), today()
        if any(owed.get(no) != fen for no, fen in covered.items()) or parts[0].due_on < on:
            raise ChangedMeanwhile
        hold_no = await holds.place_of_plan(
            tx,
            row.account_no,
            org_unit=row.org_unit,
            receivable_ids=list(covered),
            on=on,
            until=domain.last_day(parts, row.grace_days),
            actor=actor,
        )
        await _change(tx, [(row, "agree", {"agreed_on": on, "agreed_by": actor, "hold_no": hold_no})], on, actor)

    async def given_up(tx: Tx, approval: Approval, actor: str) -> None:
        row, _, _ = await _loaded(tx, approval)
        await _change(tx, [(row, "reject", {})], today(), actor)

    return approvals.Kind(name=PLAN, scope=APPROVALS[PLAN], carry_out=carry_out, given_up=given_up)


async def _loaded(tx: Tx, approval: Approval) -> tuple[Row[Any], list[Instalment], dict[str, int]]:
    await accounts.lock_accounts(tx, [str(approval.content["account_no"])])
    plan_no = approval.subject_id
    row = (await store.by_number(tx, [plan_no]))[plan_no]
    return row, (await store.instalments(tx, [plan_no]))[plan_no], (await store.covered(tx, [plan_no]))[plan_no]


async def chunks(view: View, business_date: date) -> Sequence[str]:
    """Return the ranges of plans (`first<TAB>last`) that are agreed; none where a later day is judged."""
    newest = await jobs.newest_date(view, JOB)
    if newest is not None and newest > business_date:
        return []
    numbers = [row.plan_no for row in await store.agreed(view)]
    return jobs.ranges(numbers, PLANS_PER_CHUNK)


async def why_nothing(view: View, business_date: date) -> str:
    """Say why no plan is judged as of a business date."""
    newest = await jobs.newest_date(view, JOB)
    if newest is not None and newest > business_date:
        return f"plans are judged as of {newest}: what is earlier changes none"
    return "no plan is agreed"


async def judge_chunk(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
    """Judge the plans of a chunk as of a business date, in a constant number of statements, and return what became of them."""
    first, last = jobs.bounds(chunk)
    found = await store.agreed(tx, first=first, last=last)
    await accounts.lock_accounts(tx, sorted({row.account_no for row in found}))
    numbers = [row.plan_no for row in found]
    rows = {no: row for no, row in (await store.by_number(tx, numbers)).items() if row.state == AGREED}
    parts, covered = await store.instalments(tx, numbers), await store.covered(tx, numbers)
    owed = await receivables.outstanding(tx, sorted({no for of in covered.values() for no in of}))
    events: list[tuple[Row[Any], str, Mapping[str, Any]]] = []
    for plan_no, row in sorted(rows.items()):
        settled_fen = row.covered_fen - sum(min(owed.get(no, 0), fen) for no, fen in covered[plan_no].items())
        event = domain.what_happened(parts[plan_no], row.grace_days, settled_fen, business_date)
        if event is not None:
            events.append((row, event, {"ended_on": max(business_date, row.agreed_on)}))
    if events:
        keys = [(row.account_no, row.hold_no) for row, *_ in events]
        await holds.end_of_plans(tx, keys, on=business_date, actor=ACTOR)
        await _change(tx, events, business_date, ACTOR)
    count = {name: sum(event == name for _, event, _ in events) for name in ("break", "complete")}
    return {"broken": count["break"], "completed": count["complete"]}


async def _change(tx: Tx, events: Sequence[tuple[Row[Any], str, Mapping[str, Any]]], on: date, actor: str) -> None:
    """Move plans on, and tell it (four statements)."""
    rows = [
        {**row._mapping, **changes, "version": row.version + 1, "state": LIFE.move(row.state, event)}
        for row, event, changes in events
    ]
    await store.write(tx, rows)
    await late_settlements.note(
        tx, sorted({row["account_no"] for row in rows})
    )  # no late fee grows while a plan is kept
    numbers = [row["plan_no"] for row in rows]
    parts, covered = await store.instalments(tx, numbers), await store.covered(tx, numbers)
    tx.publish([_fact(row, parts[row["plan_no"]], list(covered[row["plan_no"]]), on) for row in rows])
    tx.audit([_entry(row["state"], row["plan_no"], actor) for row in rows])


def _fact(row: Mapping[str, Any], parts: Sequence[Instalment], covered: Sequence[str], on: date) -> PlanChanged:
    return PlanChanged(
        **{name: row[name] for name in ("account_no", "plan_no", "version", "org_unit", "state", "covered_fen")},
        changed_on=on,
        receivable_ids=tuple(covered),
        instalments=tuple(PlannedInstalment(due_on=each.due_on, amount_fen=each.amount_fen) for each in parts),
    )


def _entry(what: str, plan_no: str, actor: str, reason: str = "") -> AuditEntry:
    return AuditEntry(action=f"plan.{what}", entity_kind="plan", entity_id=plan_no, actor=actor, reason=reason)
