"""Bill runs: the route's word against billing's own totals, and release."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.policy import AUTOMATIC, Policies
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.review.domain import findings
from services.billing.runs import domain, store
from services.billing.usages import store as usages_store
from services.billing.usages.domain import Totals
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.reading import RouteClosed
from shared.web import conditional

SYSTEM = "system"


class NotInReview(BusinessError):
    status = 409
    code = "run.not_in_review"
    title = "Only a run in review can be released"


class ReleaserRead(BusinessError):
    status = 403
    code = "run.releaser_read_meters"
    title = "Who had a hand in the reads of a run may not release it"


class UnknownRun(BusinessError):
    status = 404
    code = "run.unknown"
    title = "There is no such run"


async def close(tx: Tx, facts: Sequence[RouteClosed], *, context: Context) -> None:
    """Take the totals of closed routes and compare them with billing's own."""
    closed = {(f.route_no, f.cycle): f for f in facts}
    ordered = sorted(closed)
    await store.ensure(tx, [(route, cycle, closed[route, cycle].org_unit) for route, cycle in ordered])
    rows = [row for row in await store.lock(tx, ordered) if row.status == domain.OPEN]
    await store.write(tx, [_reported(row, closed[row.route_no, row.cycle], tx) for row in rows])
    await business_day.advance(tx, max(f.closed_on for f in facts))
    await check(tx, [(row.route_no, row.cycle) for row in rows], context=context)


async def check(tx: Tx, keys: Sequence[tuple[str, str]], *, context: Context) -> int:
    """Move closed runs on whose totals agree, and return how many moved."""
    if not keys:
        return 0
    rows = [r for r in await store.lock(tx, keys) if r.status == domain.OPEN and r.closed_on is not None]
    if not rows:
        return 0
    names = [(row.route_no, row.cycle) for row in rows]
    own, last = await usages_store.run_totals(tx, names), await store.last_sums(tx, names)
    nothing = Totals(0, 0)
    checked = [
        _check(row, own.get(n, nothing), last.get(n), context.policies) for row, n in zip(rows, names, strict=True)
    ]
    changed = [_changed(tx, row, c) for row, c in zip(rows, checked, strict=True) if _differs(row, c)]
    await store.write(tx, changed)
    moved = [(row, c) for row, c in zip(rows, checked, strict=True) if c.status != domain.OPEN]
    tx.audit([_moved(row, c.status) for row, c in moved])
    dates = [c.issue_on for _, c in moved if c.issue_on]
    if dates:
        await business_day.advance(tx, max(dates))
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
    rows = await store.lock(tx, [(route_no, cycle)])
    if not rows:
        raise UnknownRun
    row = rows[0]
    conditional.require(seen, row.version)
    if not domain.LIFE.may(row.status, "release"):
        raise NotInReview(row.status)
    if actor in await usages_store.actors_of_run(tx, route_no, cycle):
        raise ReleaserRead
    issue_on = business_date or await issue_day(tx, row)
    releasing = _releasing(tx, row, issue_on)
    await store.write(tx, [releasing])
    await business_day.advance(tx, issue_on)
    tx.audit([_moved(row, releasing["status"], actor=actor, reason=explanation)])
    tx.after_commit(context.wake.set)
    return int(row.version) + 1


async def release_due(tx: Tx, *, route_no: str, cycle: str, business_date: date, context: Context) -> int:
    """Catch up with a run that should have gone out by a business date: check it again, and release it
    where the policy now says automatic and nothing speaks against it."""
    moved = await check(tx, [(route_no, cycle)], context=context)
    (row,) = await store.lock(tx, [(route_no, cycle)])
    rule = context.policies.on(business_date).release_of(row.org_unit)
    due = row.closed_on is not None and row.closed_on + timedelta(days=rule.issue_after_days) <= business_date
    if not domain.LIFE.may(row.status, "release") or rule.mode != AUTOMATIC or row.findings != "[]" or not due:
        return moved
    releasing = _releasing(tx, row, business_date)
    await store.write(tx, [releasing])
    tx.audit([_moved(row, releasing["status"], reason="release-runs")])
    tx.after_commit(context.wake.set)
    return 1


async def issue_day(tx: Tx, row: Row[Any]) -> date:
    """Return the date on which bills of a run go out now."""
    day = await business_day.latest(tx)
    earliest: date = row.closed_on + timedelta(days=1)
    return max(day, earliest) if day else earliest


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


def _check(row: Row[Any], own: Totals, last_sum_wh: int | None, policies: Policies) -> domain.Checked:
    return domain.check(
        reported=Totals(row.usages, row.sum_wh),
        own=own,
        last_sum_wh=last_sum_wh,
        closed_on=row.closed_on,
        org_unit=row.org_unit,
        policy=policies.on(row.closed_on),
    )


def _differs(row: Row[Any], checked: domain.Checked) -> bool:
    return bool(row.status != checked.status or row.findings != findings.as_text(checked.findings))


def _changed(tx: Tx, row: Row[Any], checked: domain.Checked) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": checked.status,
        "findings": findings.as_text(checked.findings),
        "issue_on": checked.issue_on,
        "releasing_at": tx.now if checked.status == domain.RELEASING else None,
        "version": row.version + 1,
    }


def _releasing(tx: Tx, row: Row[Any], issue_on: date) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": domain.LIFE.move(row.status, "release"),
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
        reason=reason or " > ".join([row.status, *domain.path(row.status, status)]),
        before_version=row.version,
        after_version=row.version + 1,
    )
