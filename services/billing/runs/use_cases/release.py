"""Release of bill runs (准予发行): by a reviewer, or by itself where policy says so."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.policy import AUTOMATIC
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.runs import domain, store
from services.billing.runs.use_cases import totals
from services.billing.usages import store as usages_store
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web import conditional


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

    Who may: the route asks for the scope `billing:release` and the run's org unit; here, none who had a hand in its reads
    (raises `ReleaserRead`).
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
    tx.audit([totals.moved(row, releasing["status"], actor=actor, reason=explanation)])
    tx.after_commit(context.wake.set)
    return int(row.version) + 1


async def release_due(tx: Tx, *, route_no: str, cycle: str, business_date: date, context: Context) -> int:
    """Catch up with a run that should have gone out by a business date: check it again, and release it
    where the policy now says automatic and nothing speaks against it."""
    moved = await totals.check(tx, [(route_no, cycle)], context=context)
    (row,) = await store.lock(tx, [(route_no, cycle)])
    rule = context.policies.on(business_date).release_of(row.org_unit)
    due = row.closed_on is not None and row.closed_on + timedelta(days=rule.issue_after_days) <= business_date
    if not domain.LIFE.may(row.status, "release") or rule.mode != AUTOMATIC or row.findings != "[]" or not due:
        return moved
    releasing = _releasing(tx, row, business_date)
    await store.write(tx, [releasing])
    tx.audit([totals.moved(row, releasing["status"], reason="release-runs")])
    tx.after_commit(context.wake.set)
    return 1


async def issue_day(tx: Tx, row: Row[Any]) -> date:
    """Return the date on which bills of a run go out now."""
    day = await business_day.latest(tx)
    earliest: date = row.closed_on + timedelta(days=1)
    return max(day, earliest) if day else earliest


def _releasing(tx: Tx, row: Row[Any], issue_on: date) -> dict[str, Any]:
    return {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "status": domain.LIFE.move(row.status, "release"),
        "issue_on": issue_on,
        "releasing_at": tx.now,
        "version": row.version + 1,
    }
