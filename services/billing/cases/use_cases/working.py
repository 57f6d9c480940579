"""What an investigator does with a case: takes it, adds evidence, notes steps; it ends, and is reopened."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from services.billing.business_day import store as business_day
from services.billing.cases.domain import cases
from services.billing.cases.store import cases as store
from services.billing.cases.store import hands as hands_store
from services.billing.cases.store import signals as signals_store
from services.billing.cases.use_cases import outcomes
from services.billing.context import Context
from services.billing.review import store as review_store
from services.billing.review.use_cases import Verdict
from services.billing.site_orders.use_cases import withdrawing as orders
from shared.db import jobs
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.errors import BusinessError
from shared.outcome import ALREADY_DONE, DONE, REPEATED, Outcome, refused
from shared.statemachine import MoveRefused
from shared.web import conditional

STEPS_PER_CHUNK = 1000
EVIDENCE_MAX = 500
RESERVED: Final = "case.evidence_no_reserved"
MaySee = Callable[[str], bool]


class UnknownCase(BusinessError):
    status = 404
    code = "case.unknown"
    title = "There is no such case"


class NotPossible(BusinessError):
    status = 409
    code = "case.not_possible"
    title = "The case is in a state that does not allow this"


class TooEarly(BusinessError):
    status = 422
    code = "case.before_its_signal"
    title = "The day lies before the first signal of the case, or before it was decided"


class AnotherIsOpen(BusinessError):
    status = 409
    code = "case.another_is_open"
    title = "Another case of the kind is open at the service point: it goes on there"


class TooMuchEvidence(BusinessError):
    status = 422
    code = "case.too_much_evidence"
    title = "A case has fewer than 500 pieces of evidence"


class UnknownEvidence(BusinessError):
    status = 404
    code = "case.unknown_evidence"
    title = "There is no such evidence that stands"


async def locked(tx: Tx, case_no: str, may_see: MaySee, seen: int | None = None) -> Row[Any]:
    """Return a case under lock, in the version that was seen where one is named; raises UnknownCase, Stale."""
    row = await store.locked(tx, case_no)
    if row is None or not may_see(row.org_unit):
        raise UnknownCase
    if seen is not None:
        conditional.require(seen, row.row_version)
    return row


async def day_of(view: View, row: Row[Any], given: date | None) -> date:
    """Return the business date of what is done: the given one, else the latest; never before the first signal, or the end."""
    first: date = max(row.first_signal_on, row.ended_on or row.first_signal_on)
    if given is None:
        return await business_day.not_before(view, first)
    if given < first:
        raise TooEarly
    return given


async def move(
    tx: Tx, row: Row[Any], event: str, *, on: date, actor: str, explanation: str = "", **values: Any
) -> None:
    """Move a case by an event of its life, with its audit row; raises NotPossible."""
    try:
        state = cases.LIFE.move(row.state, event)
    except MoveRefused:
        raise NotPossible(row.state) from None
    version = row.row_version + 1
    await store.change(tx, row.case_no, state=state, row_version=version, **values)
    await store.add_event(
        tx,
        case_no=row.case_no,
        row_version=version,
        event=event,
        state=state,
        on_day=on,
        actor=actor,
        explanation=explanation,
    )
    audit(tx, row, event, actor, explanation, version)


def audit(tx: Tx, row: Row[Any], what: str, actor: str, reason: str = "", version: int | None = None) -> None:
    """Write what was done with a case to the audit."""
    entry = AuditEntry(
        action=f"case.{what}",
        entity_kind="case",
        entity_id=row.case_no,
        actor=actor,
        reason=reason,
        before_version=row.row_version,
        after_version=version or row.row_version,
    )
    tx.audit([entry])


async def end(
    tx: Tx,
    row: Row[Any],
    event: str,
    *,
    on: date,
    actor: str,
    explanation: str,
    verdict: Verdict | None = None,
) -> None:
    """End a case with its outcome and explanation; its decision is made, and nothing of it waits for a site order.

    `verdict`: what that says of the findings that were its signals, where the event alone does not.
    """
    await move(tx, row, event, on=on, actor=actor, explanation=explanation, ended_on=on, ended_by=actor)
    await store.change(tx, row.case_no, explanation=explanation)
    await store.finish_step(tx, row.case_no, cases.DECISION, on=on, by=actor)
    await outcomes.say(tx, row.case_no, verdict or cases.VERDICTS[event], on=on, actor=actor)
    await orders.take_back(tx, cases.SUBJECT, row.case_no, on=on, actor=actor, explanation=explanation)


async def assign(tx: Tx, case_no: str, *, assignee: str, actor: str, may_see: MaySee) -> None:
    """Give a case to an investigator, from whomever has it; with the first one the investigation begins."""
    row = await locked(tx, case_no, may_see)
    if row.ended_on is not None:
        raise NotPossible(row.state)
    if row.assignee == assignee:
        return
    await hands_store.give(tx, case_no, assignee=assignee, by=actor)
    if row.state == cases.OPEN:
        on = await day_of(tx, row, None)
        await move(tx, row, "investigate", on=on, actor=actor, assignee=assignee)
    else:
        await store.change(tx, case_no, assignee=assignee)
        audit(tx, row, "assign", actor)


async def add_evidence(
    tx: Tx, case_no: str, given: Sequence[Mapping[str, Any]], *, actor: str, may_see: MaySee
) -> list[Outcome]:
    """Add evidence (its fields as the table has them), one outcome each; a known number is already_done or conflicting."""
    row = await locked(tx, case_no, may_see)
    times = Counter(each["evidence_no"] for each in given)
    own = [each for each in given if not each["evidence_no"].startswith(cases.VISIT)]
    once = {number: each for each in own if times[number := each["evidence_no"]] == 1}
    rows = [{"case_no": case_no, **each, "added_by": actor} for each in once.values()]
    new = await store.insert_evidence(tx, rows) if rows else set()
    there = {one.evidence_no: one for one in await store.evidence(tx, case_no, EVIDENCE_MAX)}
    if len(there) > EVIDENCE_MAX - 1:
        raise TooMuchEvidence
    if new:
        audit(tx, row, "evidence", actor, ", ".join(sorted(new)))

    def became(each: Mapping[str, Any]) -> Outcome:
        number = each["evidence_no"]
        if number.startswith(cases.VISIT):
            return refused(RESERVED, f"Numbers that begin with {cases.VISIT} are of what site orders find", number)
        if number not in once:
            return refused(REPEATED, id=number)
        if number in new:
            return DONE
        same = all(getattr(there[number], name) == value for name, value in each.items())
        return ALREADY_DONE if same else Outcome("conflicting_duplicate", "case.other_evidence", "other content")

    return [became(each) for each in given]


async def standing_evidence(view: View, case_no: str) -> list[str]:
    """Return the numbers of the evidence of a case that is not withdrawn, in order."""
    return sorted(one.evidence_no for one in await store.evidence(view, case_no, EVIDENCE_MAX) if not one.withdrawn_by)


async def withdraw_evidence(
    tx: Tx, case_no: str, evidence_no: str, *, reason: str, actor: str, may_see: MaySee
) -> None:
    """Withdraw evidence with a reason: it stays listed. Not of a case that has ended: that is reopened first."""
    row = await locked(tx, case_no, may_see)
    if row.ended_on is not None:
        raise NotPossible(row.state)
    if not await store.withdraw_evidence(tx, case_no, evidence_no, by=actor, reason=reason):
        raise UnknownEvidence
    audit(tx, row, "withdraw_evidence", actor, reason)


async def checked(tx: Tx, case_no: str, *, on: date | None, actor: str, may_see: MaySee) -> None:
    """Note that the place was looked at."""
    row = await locked(tx, case_no, may_see)
    if row.ended_on is not None:
        raise NotPossible(row.state)
    await store.finish_step(tx, case_no, cases.SITE_CHECK, on=await day_of(tx, row, on), by=actor)
    audit(tx, row, "checked", actor)


async def reopen(
    tx: Tx,
    case_no: str,
    *,
    seen: int,
    reason: str,
    on: date | None,
    actor: str,
    may_see: MaySee,
    context: Context,
) -> None:
    """Look into a case again: its steps run anew. Not beside another one of its kind that is open at the point."""
    row = await store.get(tx, case_no)
    if row is None or not may_see(row.org_unit):
        raise UnknownCase
    where = (row.service_point_no, row.kind)
    await signals_store.lock(tx, [where])
    row = await locked(tx, case_no, may_see, seen)
    there = (await signals_store.cases_at(tx, [where]))[where]
    if any(case.ended_on is None and case.case_no != case_no for case in there):
        raise AnotherIsOpen
    day = await day_of(tx, row, on)
    await move(
        tx,
        row,
        "reopen",
        on=day,
        actor=actor,
        explanation=reason,
        ended_on=None,
        ended_by=None,
        reopened_on=day,
    )
    due = cases.due_days(context.policies.on_or_first(day).cases, row.kind, day, context.calendar)
    await store.renew_steps(tx, case_no, due, since=day)
    await signals_store.join_late(tx, case_no)
    await review_store.unsay_by_case(tx, case_no)


async def chunks(view: View) -> Sequence[str]:
    """Return the ranges of cases (`first<TAB>last`) with steps that are due by no day yet: a calendar was not there."""
    rows = await store.undated(view, limit=100 * STEPS_PER_CHUNK)
    return jobs.ranges([row.case_no for row in rows], STEPS_PER_CHUNK)


async def date_steps(tx: Tx, chunk: str, *, context: Context) -> dict[str, int]:
    """Name the days by which steps are due whose year has a calendar by now; return how many."""
    first, last = jobs.bounds(chunk)
    found = []
    for row in await store.undated(tx, first=first, last=last, limit=2 * STEPS_PER_CHUNK):
        rules = context.policies.on_or_first(row.since).cases
        due_on = cases.due_days(rules, row.kind, row.since, context.calendar).get(row.step)
        if due_on is not None:
            found.append((row.case_no, row.step, row.since, due_on))
    if found:
        await signals_store.move_steps(tx, found)
    return {"dated": len(found)}
