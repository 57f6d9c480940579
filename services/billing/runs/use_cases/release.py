"""Release of bill runs (准予发行): by a reviewer, or by itself where policy says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.bills.domain.policy import AUTOMATIC, KINDS, RELEASE_OF_RUN
from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import two_people
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.review.domain.findings import HOLD
from services.billing.runs import domain, store
from services.billing.runs.use_cases import known, totals
from services.billing.usages.store import usages as usages_store
from shared import approvals
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.web import conditional


class NotInReview(BusinessError):
    status = 409
    code = "run.not_in_review"
    title = "Only a run in review can be released"


class TooEarly(BusinessError):
    status = 422
    code = "run.released_before_its_closing"
    title = "The day lies before the run's last read day, or before the day on which its window was closed"


class ReleaserRead(BusinessError):
    status = 403
    code = "run.releaser_read_meters"
    title = "Who had a hand in the reads of a run may not release it"


class ReadyBillsChanged(BusinessError):
    status = 412
    code = "run.ready_bills_changed"
    title = "Other bills are ready than when its release was asked for: withdraw it, and ask again"


class ExplanationMissing(BusinessError):
    status = 422
    code = "run.explanation_missing"
    title = "A run with points that nobody has explained is released with an explanation"


@dataclass(frozen=True, kw_only=True)
class Release:
    """A reviewer's word on a run; `second` and the `ready` bills that were seen, where two people do it."""

    route_no: str
    cycle: str
    seen: int
    actor: str
    explanation: str
    business_date: date | None
    second: str = ""
    ready: Mapping[str, int] | None = None


async def release(tx: Tx, wanted: Release, *, context: Context) -> Approval | None:
    """Release a run in review on a reviewer's word; or ask for a second person's, and return what is asked for.

    Who may: the route asks for the scope `billing:release` and the run's org unit; here, none who had a hand in its reads
    (raises `ReleaserRead`).
    `business_date` is the issue date; without it the latest that billing has heard of, at least the day on which the run is due,
    and it goes out when that has come: one whose day no calendar gives needs a date (raises `YearUnknown`). It is not before what
    the bills rest on (raises `TooEarly`). A run beyond the limits of the policy, or released on a day before it is due, needs a
    second person from an amount of its ready bills on. One with unexplained points needs an explanation (raises
    `ExplanationMissing`).
    """
    key = wanted.route_no, wanted.cycle
    (row,) = await store.lock(tx, [key])  # the route has looked whose it is, and none is ever deleted
    conditional.require(wanted.seen, row.version)
    if not domain.LIFE.may(row.status, "release"):
        raise NotInReview(row.status)
    if not {wanted.actor, wanted.second}.isdisjoint(await usages_store.actors_of_run(tx, *key)):
        raise ReleaserRead
    if domain.is_unexplained(row.findings) and not wanted.explanation.strip():
        raise ExplanationMissing
    reported = await _reported(tx, row)
    if wanted.business_date is not None and wanted.business_date < max(reported.read_date, reported.closed_on):
        raise TooEarly
    issue_on = wanted.business_date or await _issue_day(tx, row, reported, context)
    if _is_held(row) or (row.due_on is not None and issue_on < row.due_on):
        ready = await bills_store.ready_of_run(tx, *key)
        if wanted.second and ready != wanted.ready:
            raise ReadyBillsChanged
        second = (await two_people.rules(tx, context)).scope(RELEASE_OF_RUN, ready["total_fen"])
        if second and not wanted.second:
            return await _ask(tx, row, wanted, ready, second)
    if wanted.business_date is not None:
        await business_day.advance(tx, wanted.business_date)
    let_go_on = await business_day.not_before(tx, row.closed_on)
    releasing = known.releasing(tx, row, issue_on, let_go_on=let_go_on)
    releasing |= {"accepted": reported.unexplained, "released_by": wanted.second or wanted.actor}
    await store.write(tx, [releasing])
    tx.audit([known.moved(row, releasing["status"], actor=wanted.actor, reason=wanted.explanation)])
    tx.after_commit(context.wake.set)
    return None


async def _ask(tx: Tx, row: Row[Any], wanted: Release, ready: Mapping[str, int], second: str) -> Approval:
    content = {
        "route_no": row.route_no,
        "cycle": row.cycle,
        "row_version": row.version,
        "explanation": wanted.explanation,
        "business_date": wanted.business_date and str(wanted.business_date),
        "due_on": row.due_on and str(row.due_on),
        "findings": orjson.loads(row.findings),
        "ready": dict(ready),
    }
    return await approvals.ask(
        tx,
        kind=RELEASE_OF_RUN,
        subject_id=f"{row.route_no}/{row.cycle}",
        content=content,
        org_unit=row.org_unit,
        requested_by=wanted.actor,
        reason=wanted.explanation,
        second=second,
    )


def kind_of_approval(context: Context) -> approvals.Kind:
    """Return the kind of approval that releases a run against the policy: beyond its limits, or before it is due."""

    async def carry_out(tx: Tx, approval: Approval, actor: str) -> None:
        content = approval.content
        wanted = Release(
            route_no=content["route_no"],
            cycle=content["cycle"],
            seen=content["row_version"],
            actor=approval.requested_by,
            explanation=content["explanation"],
            business_date=date.fromisoformat(content["business_date"]) if content["business_date"] else None,
            second=actor,
            ready=content["ready"],
        )
        await release(tx, wanted, context=context)

    return approvals.Kind(name=RELEASE_OF_RUN, scope=KINDS[RELEASE_OF_RUN], carry_out=carry_out)


async def release_due(tx: Tx, *, route_no: str, cycle: str, business_date: date, context: Context) -> int:
    """Catch up with a run that should have gone out by a business date: check it again, and release it
    where the policy now says automatic and nothing speaks against it."""
    key = route_no, cycle
    moved = await totals.check(tx, [key], context=context)
    (row,) = await store.lock(tx, [key])
    if row.status == domain.RELEASING:
        tx.after_commit(context.wake.set)  # its day has come
        return 1
    rule = context.policies.on(business_date).release_of(row.org_unit)
    if not domain.LIFE.may(row.status, "release") or rule.mode != AUTOMATIC or _is_held(row):
        return moved
    due_on = domain.due(rule, await _reported(tx, row), context.calendar)
    if due_on is None or due_on > business_date:
        return moved
    let_go_on = await business_day.not_before(tx, business_date)
    releasing = known.releasing(tx, row, business_date, let_go_on=let_go_on)
    releasing |= {"due_on": due_on, "findings": _shown(row)}
    await store.write(tx, [releasing])
    tx.audit([known.moved(row, releasing["status"], reason="release-runs")])
    tx.after_commit(context.wake.set)
    return 1


def _is_held(row: Row[Any]) -> bool:
    return any(
        found["severity"] == HOLD and found["code"] != domain.NO_CALENDAR for found in orjson.loads(row.findings)
    )


def _shown(row: Row[Any]) -> str:
    """Return the findings of a run without those that held it."""
    return orjson.dumps([found for found in orjson.loads(row.findings) if found["severity"] != HOLD]).decode()


async def _issue_day(tx: Tx, row: Row[Any], reported: domain.Closed, context: Context) -> date:
    rule = context.policies.on(row.closed_on).release_of(row.org_unit)
    day = await business_day.latest(tx)
    due_on = rule.due_on(read_date=reported.read_date, closed_on=reported.closed_on, calendar=context.calendar)
    return max(day, due_on) if day else due_on


async def _reported(tx: Tx, row: Row[Any]) -> domain.Closed:
    return (await known.reports(tx, [row]))[row.route_no, row.cycle]
