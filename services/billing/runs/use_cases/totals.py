"""The route's word against billing's own totals (完整性核对): a run moves on once they agree."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.review.domain import findings
from services.billing.review.domain.findings import Finding
from services.billing.runs import domain, store
from services.billing.runs.use_cases import comparing
from services.billing.usages.domain import Totals
from services.billing.usages.store import usages as usages_store
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.events.reading import RouteClosed

SYSTEM = "system"


async def close(tx: Tx, facts: Sequence[RouteClosed], *, context: Context) -> None:
    """Take the totals of closed routes and compare them with billing's own."""
    closed = {(f.route_no, f.cycle): f for f in facts}
    ordered = sorted(closed)
    await store.ensure(tx, [(route, cycle, closed[route, cycle].org_unit) for route, cycle in ordered])
    rows = [row for row in await store.lock(tx, ordered) if row.status == domain.OPEN]
    await store.record_closings(tx, facts)
    reported = await store.closings(tx, ordered)
    await store.write(
        tx, [_reported(row, closed[name], reported[name], tx) for row in rows for name in [(row.route_no, row.cycle)]]
    )
    await business_day.advance(tx, max(f.closed_on for f in facts))
    await check(tx, [(row.route_no, row.cycle) for row in rows], context=context)


async def check(tx: Tx, keys: Sequence[tuple[str, str]], *, context: Context) -> int:
    """Move closed runs on whose totals agree, and return how many moved."""
    rows = [r for r in await store.lock(tx, keys) if r.status == domain.OPEN and r.closed_on is not None]
    if not rows:
        return 0
    names = [(row.route_no, row.cycle) for row in rows]
    reported, last = await reports(tx, rows), await store.last_sums(tx, names)
    own = await _own(tx, await store.closings(tx, names))
    agreeing = {n: own[n].months for n in names if own[n] == reported[n].totals}
    found = await comparing.examine(tx, agreeing, context=context)
    checked = [
        _check(row, reported[n], own[n], last.get(n), found.get(n, ()), context)
        for row, n in zip(rows, names, strict=True)
    ]
    changed = [_changed(tx, row, c) for row, c in zip(rows, checked, strict=True) if _differs(row, c)]
    await store.write(tx, changed)
    going = [(row, c) for row, c in zip(rows, checked, strict=True) if c.status != domain.OPEN]
    tx.audit([moved(row, c.status) for row, c in going])
    if any(c.issue_on for _, c in going):
        tx.after_commit(context.wake.set)
    return len(going)


async def reports(view: View, rows: Sequence[Row[Any]]) -> dict[tuple[str, str], domain.Closed]:
    """Return what routes reported of closed runs, by (route, cycle)."""
    names = [(row.route_no, row.cycle) for row in rows]
    closings, told = await store.closings(view, names), await store.explanations(view, names)
    return {name: _closed(row, closings[name], told) for row, name in zip(rows, names, strict=True)}


def _closed(
    row: Row[Any], closings: Sequence[Row[Any]], told: Mapping[tuple[str, date], Sequence[Row[Any]]]
) -> domain.Closed:
    """Return what a route reported of a run; a read date is explained from the first version on that says so."""
    open_points, days = 0, []
    for each in closings:
        later = told.get((each.route_no, each.read_date), ())
        done = next((one.explained_on for one in later if not one.unexplained), None)
        if each.unexplained and done is None:
            open_points += later[-1].unexplained if later else each.unexplained
        elif each.unexplained and done is not None:
            days.append(done)
    return domain.Closed(
        totals=Totals(row.usages, row.sum_wh),
        missed=sum(each.missed for each in closings),
        read_date=max(each.read_date for each in closings),
        closed_on=row.closed_on,
        unexplained=open_points,
        explained_on=max(days, default=None),
    )


async def _own(tx: Tx, reported: Mapping[tuple[str, str], Sequence[Row[Any]]]) -> dict[tuple[str, str], Totals]:
    """Return billing's own totals of the read dates that routes have reported, by run."""
    dates = [(route, row.read_date, cycle) for (route, cycle), rows in reported.items() for row in rows]
    counted = await usages_store.route_totals(tx, dates)
    found = dict.fromkeys(reported, Totals(0, 0))
    for route, read_date, cycle in dates:
        more, sums = counted.get((route, read_date), Totals(0, 0)), found[route, cycle]
        found[route, cycle] = Totals(
            sums.usages + more.usages,
            sums.sum_wh + more.sum_wh,
            sums.estimated + more.estimated,
            max(sums.months, more.months),
        )
    return found


def _reported(row: Row[Any], fact: RouteClosed, closings: Sequence[Row[Any]], tx: Tx) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "closed_on": fact.closed_on,
        "usages": sum(each.usages for each in closings),
        "sum_wh": sum(each.sum_wh for each in closings),
        "missed": sum(each.missed for each in closings),
        "closed_at": row.closed_at or tx.now,
    }


def _check(
    row: Row[Any],
    reported: domain.Closed,
    own: Totals,
    last_sum_wh: int | None,
    more: Sequence[Finding],
    context: Context,
) -> domain.Checked:
    return domain.check(
        reported=reported,
        own=own,
        last_sum_wh=last_sum_wh,
        org_unit=row.org_unit,
        policy=context.policies.on(row.closed_on),
        calendar=context.calendar,
        more=more,
    )


def _differs(row: Row[Any], checked: domain.Checked) -> bool:
    now = checked.status, findings.as_text(checked.findings), checked.due_on
    return (row.status, row.findings, row.due_on) != now


def _changed(tx: Tx, row: Row[Any], checked: domain.Checked) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": checked.status,
        "findings": findings.as_text(checked.findings),
        "due_on": checked.due_on,
        "issue_on": checked.issue_on,
        "releasing_at": tx.now if checked.status == domain.RELEASING else None,
        "version": row.version + 1,
    }


def moved(row: Row[Any], status: str, *, actor: str = SYSTEM, reason: str = "") -> AuditEntry:
    """Return the audit row of a run that has moved to a status."""
    return AuditEntry(
        action="run." + status,
        entity_kind="run",
        entity_id=f"{row.route_no}:{row.cycle}",
        actor=actor,
        reason=reason or " > ".join([row.status, *domain.path(row.status, status)]),
        before_version=row.version,
        after_version=row.version + 1,
    )


def releasing(tx: Tx, row: Row[Any], issue_on: date) -> dict[str, Any]:
    """Return what a locked run is from now on that goes out on a day."""
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": domain.LIFE.move(row.status, "release"),
        "issue_on": issue_on,
        "releasing_at": tx.now,
        "version": row.version + 1,
    }
