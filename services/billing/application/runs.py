"""Bill runs: the route's word against billing's own totals, release, and issuing by chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adapters import bills_store, rating_documents, runs_store, usages_store
from services.billing.application.context import Context
from services.billing.domain import runs
from services.billing.domain.findings import Finding
from services.billing.domain.policy import AUTOMATIC, Policies
from services.billing.domain.runs import Totals
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import BillIssued
from shared.events.reading import RouteClosed

ISSUED_MAX = 2000  # bills of one unit of work: large enough to be cheap, small enough to be stopped
SYSTEM = "system"


class NotInReview(BusinessError):
    status = 409
    code = "run.not_in_review"
    title = "Only a run in review can be released"


class ReleaserRead(BusinessError):
    status = 403
    code = "run.releaser_read_meters"
    title = "Who had a hand in the reads of a run may not release it"


class StaleRun(BusinessError):
    status = 412
    code = "run.stale_decision"
    title = "The run has changed since the version that the decision names"


class StaleSwitch(BusinessError):
    status = 412
    code = "release_switch.stale"
    title = "The switch has changed since the version that the request names"


class UnknownRun(BusinessError):
    status = 404
    code = "run.unknown"
    title = "There is no such run"


async def close(tx: Tx, facts: Sequence[RouteClosed], *, context: Context) -> None:
    """Take the totals of closed routes and compare them with billing's own."""
    closed = {(f.route_no, f.cycle): f for f in facts}
    ordered = sorted(closed)
    await runs_store.ensure(tx, [(route, cycle, closed[route, cycle].org_unit) for route, cycle in ordered])
    rows = [row for row in await runs_store.lock(tx, ordered) if row.status == runs.OPEN]
    await runs_store.write(tx, [_reported(row, closed[row.route_no, row.cycle], tx) for row in rows])
    await runs_store.advance_business_day(tx, max(f.closed_on for f in facts))
    await check(tx, [(row.route_no, row.cycle) for row in rows], context=context)


async def check(tx: Tx, keys: Sequence[tuple[str, str]], *, context: Context) -> int:
    """Move closed runs on whose totals agree, and return how many moved."""
    if not keys:
        return 0
    rows = [r for r in await runs_store.lock(tx, keys) if r.status == runs.OPEN and r.closed_on is not None]
    if not rows:
        return 0
    names = [(row.route_no, row.cycle) for row in rows]
    own, last = await usages_store.run_totals(tx, names), await runs_store.last_sums(tx, names)
    nothing = Totals(0, 0)
    checked = [
        _check(row, own.get(n, nothing), last.get(n), context.policies) for row, n in zip(rows, names, strict=True)
    ]
    changed = [_changed(tx, row, c) for row, c in zip(rows, checked, strict=True) if _differs(row, c)]
    await runs_store.write(tx, changed)
    moved = [(row, c) for row, c in zip(rows, checked, strict=True) if c.status != runs.OPEN]
    tx.audit([_moved(row, c.status) for row, c in moved])
    dates = [c.issue_on for _, c in moved if c.issue_on]
    if dates:
        await runs_store.advance_business_day(tx, max(dates))
        tx.after_commit(context.wake.set)
    return len(moved)


async def release(
    tx: Tx,
    *,
    route_no: str,
    cycle: str,
    seen: int,
    actor: str,
    explanation: str,
    business_date: date | None,
    context: Context,
) -> int:
    """Release a run in review on a reviewer's word, and return its new version.

    `business_date` is the issue date; without it the latest that billing has heard of, at least the day after the route closed.
    """
    rows = await runs_store.lock(tx, [(route_no, cycle)])
    if not rows:
        raise UnknownRun
    row = rows[0]
    if row.version != seen:
        raise StaleRun
    if row.status != runs.IN_REVIEW:
        raise NotInReview(row.status)
    if actor in await usages_store.actors_of_run(tx, route_no, cycle):
        raise ReleaserRead
    issue_on = business_date or await issue_day(tx, row)
    runs.move(row.status, runs.RELEASING)
    await runs_store.write(tx, [_releasing(tx, row, issue_on)])
    await runs_store.advance_business_day(tx, issue_on)
    tx.audit([_moved(row, runs.RELEASING, actor=actor, reason=explanation)])
    tx.after_commit(context.wake.set)
    return int(row.version) + 1


async def release_due(tx: Tx, *, route_no: str, cycle: str, business_date: date, context: Context) -> int:
    """Catch up with a run that should have gone out by a business date: check it again, and release it
    where the policy now says automatic and nothing speaks against it."""
    moved = await check(tx, [(route_no, cycle)], context=context)
    (row,) = await runs_store.lock(tx, [(route_no, cycle)])
    rule = context.policies.on(business_date).release_of(row.org_unit)
    due = row.closed_on is not None and row.closed_on + timedelta(days=rule.issue_after_days) <= business_date
    if row.status != runs.IN_REVIEW or rule.mode != AUTOMATIC or row.findings != "[]" or not due:
        return moved
    await runs_store.write(tx, [_releasing(tx, row, business_date)])
    tx.audit([_moved(row, runs.RELEASING, reason="release-runs")])
    tx.after_commit(context.wake.set)
    return 1


async def issue_day(tx: Tx, row: Row[Any]) -> date:
    """Give the date on which bills of a run go out now."""
    day = await runs_store.business_day(tx)
    earliest: date = row.closed_on + timedelta(days=1)
    return max(day, earliest) if day else earliest


@dataclass(frozen=True, slots=True)
class Issued:
    """What one chunk did: bills issued, and bills held because their tariff has changed since they were calculated."""

    found: int
    issued: int
    held: int


async def issue(tx: Tx, *, context: Context, limit: int = ISSUED_MAX) -> Issued:
    """Issue a chunk of ready bills of releasing or released runs (发行), and tell of each as one fact.

    Nothing happens while the switch is stopped. Can be run by any number of replicas, and again after a crash.
    """
    switch = await runs_store.switch(tx, share=True)
    if switch is not None and switch.stopped:
        return Issued(0, 0, 0)
    rows = await bills_store.ready(tx, limit)
    if not rows:
        await runs_store.finish(tx)
        return Issued(0, 0, 0)
    loaded = await context.books.current(tx)
    current = {key: loaded.is_current(*key) for key in {_rated(row) for row in rows}}
    good = [row for row in rows if current[_rated(row)]]
    outdated = [row for row in rows if not current[_rated(row)]]
    if outdated:
        await _hold_outdated(tx, outdated)
    dated = [(row, *_dates(row, context.policies)) for row in good]
    issued = await bills_store.issue(tx, [(row.bill_id, row.row_version, on, due) for row, on, due in dated])
    going = [item for item in dated if item[0].bill_id in issued]
    used = {(t[0], t[1]) for text in {row.tariffs for row, _, _ in going} for t in orjson.loads(text)}
    if used:
        await rating_documents.mark_used(tx, sorted(used))
    tx.publish(
        [
            BillIssued(account_no=row.account_no, bill=bills_store.as_issued(row._mapping, on, due))
            for row, on, due in going
        ]
    )
    return Issued(len(rows), len(going), len(outdated))


TARIFF_CHANGED = Finding("billing.tariff_changed", "hold")


async def throw_switch(tx: Tx, *, stopped: bool, reason: str, seen: int, actor: str, context: Context) -> int:
    """Stop or resume all releases, and return the switch's new version."""
    if not await runs_store.throw_switch(tx, stopped=stopped, reason=reason, version=seen):
        raise StaleSwitch
    action = "release.stopped" if stopped else "release.resumed"
    tx.audit(
        [
            AuditEntry(
                action=action,
                entity_kind="release_switch",
                entity_id=runs_store.SWITCH,
                actor=actor,
                reason=reason,
                before_version=seen,
                after_version=seen + 1,
            )
        ]
    )
    tx.after_commit(context.wake.set)
    return seen + 1


async def _hold_outdated(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    usages = await usages_store.by_id(tx, [row.usage_id for row in rows])
    await bills_store.hold(tx, rows, TARIFF_CHANGED)
    await bills_store.add_readers(tx, [(row.bill_id, usages[row.usage_id].actors) for row in rows])


def _rated(row: Row[Any]) -> tuple[str, date, date]:
    return row.tariffs, row.period_from, row.period_to


def _dates(row: Row[Any], policies: Policies) -> tuple[date, date]:
    issued_on = max(row.run_issue_on, row.issue_on) if row.issue_on else row.run_issue_on
    return issued_on, issued_on + timedelta(days=policies.on(issued_on).release_of(row.org_unit).due_days)


def _reported(row: Row[Any], fact: RouteClosed, tx: Tx) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "closed_on": fact.closed_on,
        "usages": fact.usages,
        "sum_wh": fact.sum_wh,
        "missed": fact.missed,
        "closed_at": row.closed_at or tx.now,
    }


def _check(row: Row[Any], own: Totals, last_sum_wh: int | None, policies: Policies) -> runs.Checked:
    return runs.check(
        reported=Totals(row.usages, row.sum_wh),
        own=own,
        last_sum_wh=last_sum_wh,
        closed_on=row.closed_on,
        org_unit=row.org_unit,
        policy=policies.on(row.closed_on),
    )


def _differs(row: Row[Any], checked: runs.Checked) -> bool:
    return bool(row.status != checked.status or row.findings != bills_store.findings_text(checked.findings))


def _changed(tx: Tx, row: Row[Any], checked: runs.Checked) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": checked.status,
        "findings": bills_store.findings_text(checked.findings),
        "issue_on": checked.issue_on,
        "releasing_at": tx.now if checked.status == runs.RELEASING else None,
        "version": row.version + 1,
    }


def _releasing(tx: Tx, row: Row[Any], issue_on: date) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": runs.RELEASING,
        "issue_on": issue_on,
        "releasing_at": tx.now,
        "version": row.version + 1,
    }


def _moved(row: Row[Any], status: str, *, actor: str = SYSTEM, reason: str = "") -> AuditEntry:
    return AuditEntry(
        action="run." + status,
        entity_kind="run",
        entity_id=f"{row.route_no}:{row.cycle}",
        actor=actor,
        reason=reason or " > ".join([row.status, *runs.path(row.status, status)]),
        before_version=row.version,
        after_version=row.version + 1,
    )
