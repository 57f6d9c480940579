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
from services.billing.runs.use_cases import comparing, known, waiting
from services.billing.usages.domain import Totals
from services.billing.usages.store import usages as usages_store
from shared.db.engine import Tx, View
from shared.events.reading import RouteClosed

NOT_NAMED: Mapping[tuple[str, str], date] = {}


async def close(tx: Tx, facts: Sequence[RouteClosed], *, context: Context) -> None:
    """Take the totals of closed routes and compare them with billing's own."""
    closed = {(f.route_no, f.cycle): f for f in facts}
    ordered = sorted(closed)
    await store.ensure(tx, [(route, cycle, closed[route, cycle].org_unit) for route, cycle in ordered])
    there = await store.lock(tx, ordered)
    rows = [row for row in there if row.status == domain.OPEN]
    await store.record_closings(tx, facts)
    reported = await store.closings(tx, ordered)
    await store.write(tx, [_reported(row, reported[row.route_no, row.cycle], tx) for row in rows])
    heard = _heard(await business_day.latest(tx), facts)
    await business_day.advance(tx, max(f.closed_on for f in facts))
    await check(tx, [(row.route_no, row.cycle) for row in rows], context=context, heard=heard)
    await waiting.reconsider(tx, [row for row in there if row.status != domain.OPEN], context=context)


def _heard(latest: date | None, facts: Sequence[RouteClosed]) -> dict[tuple[str, str], date]:
    """Return by run the latest business date once its closing was heard, as if each had come in a batch of its own."""
    found = {}
    for fact in facts:
        latest = max(latest or fact.closed_on, fact.closed_on)
        found[fact.route_no, fact.cycle] = latest
    return found


async def check(
    tx: Tx, keys: Sequence[tuple[str, str]], *, context: Context, heard: Mapping[tuple[str, str], date] = NOT_NAMED
) -> int:
    """Move closed runs on whose totals agree, and return how many moved; `heard`: by run the business date on which that is.

    It is the latest that billing has heard of where none is named.
    """
    rows = [r for r in await store.lock(tx, keys) if r.status == domain.OPEN and r.closed_on is not None]
    if not rows:
        return 0
    names = [(row.route_no, row.cycle) for row in rows]
    reported, last = await known.reports(tx, rows), await store.last_sums(tx, names)
    own = await own_totals(tx, await store.closings(tx, names))
    agreeing = {n: own[n].months for n in names if own[n] == reported[n].totals}
    found = await comparing.examine(tx, agreeing, context=context)
    checked = [
        _check(row, reported[n], own[n], last.get(n), found.get(n, ()), context)
        for row, n in zip(rows, names, strict=True)
    ]
    latest = await business_day.latest(tx)
    changed = [
        _changed(tx, row, c, reported[n], max(row.closed_on, heard.get(n) or latest or row.closed_on))
        for row, c, n in zip(rows, checked, names, strict=True)
        if _differs(row, c, reported[n].unexplained)
    ]
    await store.write(tx, changed)
    going = [(row, c) for row, c in zip(rows, checked, strict=True) if c.status != domain.OPEN]
    tx.audit([known.moved(row, c.status) for row, c in going])
    if any(c.issue_on for _, c in going):
        tx.after_commit(context.wake.set)
    return len(going)


async def own_totals(
    view: View, reported: Mapping[tuple[str, str], Sequence[Row[Any]]]
) -> dict[tuple[str, str], Totals]:
    """Return billing's own totals of the read dates that routes have reported, by run."""
    dates = [(route, row.read_date, cycle) for (route, cycle), rows in reported.items() for row in rows]
    counted = await usages_store.route_totals(view, dates)
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


def _reported(row: Row[Any], closings: Sequence[Row[Any]], tx: Tx) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "closed_on": max(each.closed_on for each in closings if each.closed_on),
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


def _differs(row: Row[Any], checked: domain.Checked, unexplained: int) -> bool:
    now = checked.status, findings.as_text(checked.findings), checked.due_on, unexplained
    return (row.status, row.findings, row.due_on, row.unexplained) != now


def _changed(
    tx: Tx, row: Row[Any], checked: domain.Checked, reported: domain.Closed, calculated_on: date
) -> dict[str, Any]:
    is_let_go = checked.status == domain.RELEASING
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": checked.status,
        "findings": findings.as_text(checked.findings),
        "due_on": checked.due_on,
        "issue_on": checked.issue_on,
        "releasing_at": tx.now if is_let_go else None,
        "calculated_on": None if checked.status == domain.OPEN else calculated_on,
        "let_go_on": max(filter(None, (calculated_on, reported.explained_on))) if is_let_go else None,
        "unexplained": reported.unexplained,
        "version": row.version + 1,
    }
