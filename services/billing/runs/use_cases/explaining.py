"""What routes tell of unexplained points after their closing (有无遗漏): a run that waited for it goes on by itself."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import AUTOMATIC
from services.billing.context import Context
from services.billing.review.domain.findings import HOLD
from services.billing.runs import domain, store
from services.billing.runs.use_cases import totals
from shared.db.engine import Tx
from shared.events.reading import RouteExplained


async def hear(tx: Tx, facts: Sequence[RouteExplained], *, context: Context) -> None:
    """Keep what routes told, their closing known or not, and let go what waited for it as far as nothing else holds it.

    Any order ends the same: every version is kept, and a read date is explained by the first that says so.
    """
    units = {(fact.route_no, fact.cycle): fact.org_unit for fact in facts}
    keys = sorted(units)
    await store.ensure(tx, [(route, cycle, units[route, cycle]) for route, cycle in keys])
    rows = await store.lock(tx, keys)  # before they are kept: who closes the route meanwhile sees them, or is seen
    await store.record_explanations(tx, facts)
    await totals.check(tx, [(row.route_no, row.cycle) for row in rows if row.status == domain.OPEN], context=context)
    await _reconsider(
        tx, [row for row in rows if row.status == domain.IN_REVIEW and domain.is_unexplained(row.findings)], context
    )


async def _reconsider(tx: Tx, rows: Sequence[Row[Any]], context: Context) -> None:
    if not rows:
        return
    reported = await totals.reports(tx, rows)
    going, staying = [], []
    for row in rows:
        told = reported[row.route_no, row.cycle]
        policy = context.policies.on(row.closed_on)
        found = domain.explained(orjson.loads(row.findings), domain.not_explained(told, policy))
        text = orjson.dumps(found).decode()
        if all(each["severity"] != HOLD for each in found) and policy.release_of(row.org_unit).mode == AUTOMATIC:
            issue_on = domain.issue_day(row.due_on, told)
            assert issue_on is not None, "a run without a due day has a finding that says so"
            going.append((row, totals.releasing(tx, row, issue_on) | {"findings": text}))
        elif text != row.findings:
            key = {"route_no": row.route_no, "cycle": row.cycle}
            staying.append(key | {"findings": text, "version": row.version + 1})
    await store.write(tx, [written for _, written in going])
    await store.write(tx, staying)
    tx.audit([totals.moved(row, written["status"], reason="route explained") for row, written in going])
    if going:
        tx.after_commit(context.wake.set)
