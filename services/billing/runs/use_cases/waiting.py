"""A run that is not out waits while points of it are unexplained, whatever was known before; of one that is out it is listed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import AUTOMATIC, Policy
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.review.domain.findings import HOLD
from services.billing.runs import domain, store
from services.billing.runs.use_cases import known
from shared.db.engine import Tx


async def reconsider(tx: Tx, rows: Sequence[Row[Any]], *, context: Context) -> None:
    """Bring locked runs whose totals agree in line with what is unexplained of them by now.

    One in review waits for it, or goes on as far as nothing else holds it: by itself, or as it was let go before. One that was
    let go and is not out yet is held back where more points are unexplained than somebody let it go with.
    """
    if not rows:
        return
    reported, latest = await known.reports(tx, rows), await business_day.latest(tx)
    let_go, others = list[dict[str, Any]](), list[dict[str, Any]]()
    for row in rows:
        told, policy = reported[row.route_no, row.cycle], context.policies.on(row.closed_on)
        written = _now(tx, row, told, policy, latest or row.closed_on)
        if written is None:
            continue
        (let_go if "releasing_at" in written else others).append(written | {"unexplained": told.unexplained})
        if written["status"] != row.status:
            why = "route explained" if written["status"] == domain.RELEASING else "points unexplained"
            tx.audit([known.moved(row, written["status"], reason=why)])
    await store.write(tx, let_go)
    await store.write(tx, others)
    if let_go:
        tx.after_commit(context.wake.set)


def _now(tx: Tx, row: Row[Any], told: domain.Closed, policy: Policy, latest: date) -> dict[str, Any] | None:
    """Return what a run becomes, None where it stays as it is."""
    was_let_go = row.let_go_on is not None
    waits = domain.came_to_be_unexplained(told.unexplained, row.accepted if was_let_go else 0, policy)
    found = domain.explained(orjson.loads(row.findings), domain.not_explained(told, policy) if waits else None)
    status, text = row.status, orjson.dumps(found).decode()
    if row.status == domain.RELEASED or (row.status == domain.RELEASING and not waits):
        text = row.findings
    elif row.status == domain.RELEASING:
        status = domain.LIFE.move(row.status, "hold_back")
    elif not waits and _may_go(row, found, policy):
        day = domain.issue_day(row.issue_on or row.due_on, told)
        assert day is not None, "a run without a due day has a finding that says so"
        let_go_on = max(filter(None, (latest, told.explained_on)))
        return known.releasing(tx, row, day, let_go_on=let_go_on) | {"findings": text}
    if (status, text, told.unexplained) == (row.status, row.findings, row.unexplained):
        return None
    key = {"route_no": row.route_no, "cycle": row.cycle}
    return key | {"status": status, "findings": text, "version": row.version + 1}


def _may_go(row: Row[Any], found: Sequence[Any], policy: Policy) -> bool:
    """Return whether a run in review goes on now that all is explained: it waited for that, and nothing else holds it."""
    if not domain.is_unexplained(row.findings):
        return False
    if row.let_go_on is not None:
        return True
    return all(each["severity"] != HOLD for each in found) and policy.release_of(row.org_unit).mode == AUTOMATIC
