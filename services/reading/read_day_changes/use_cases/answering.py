"""Answers of customers to questions about read days: who confirms it lets it be decided, all others stay as they are."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.reading.network.store import points, routes
from services.reading.read_day_changes import store
from services.reading.read_day_changes.domain import CONFIRMED, LIFE, Proposal, Request
from shared import approvals
from shared.db.engine import Tx
from shared.events.notify import Answer, QuestionExpired

KIND: Final = "read_day.change"


async def take(tx: Tx, facts: Sequence[Answer]) -> Sequence[Answer]:
    """Take answers, and that there was none; the first is the one. What is confirmed waits for a second person's decision.

    One that is withdrawn meanwhile keeps the answer and stays so. Return those to questions that were never asked.
    """
    there = await store.by_id(tx, [fact.question_id for fact in facts])
    known = [fact for fact in facts if fact.question_id in there]
    if known:
        await _take(tx, known, there)
    return [fact for fact in facts if fact.question_id not in there]


async def _take(tx: Tx, known: Sequence[Answer], there: Mapping[str, Proposal]) -> None:
    await routes.lock_all(tx, sorted({each.route_no for each in there.values()}))
    await points.lock(tx, [each.service_point_no for each in there.values()])
    now = await store.by_id(tx, list(there))
    for fact in known:
        now[fact.question_id] = _answered(now[fact.question_id], fact)
    changed = [each for number, each in now.items() if each != there[number]]
    await store.write(tx, changed)
    requests = await store.requests(tx, {each.request_no for each in changed})
    asking = [_asking(requests[each.request_no], each) for each in changed if each.state == CONFIRMED]
    await approvals.ask_all(tx, KIND, asking)


def _answered(proposal: Proposal, fact: Answer) -> Proposal:
    if isinstance(fact, QuestionExpired):
        return proposal.after("expire", fact.reason) if LIFE.may(proposal.state, "expire") else proposal
    if proposal.answer is not None:
        return proposal
    return proposal.with_answer(fact.answer, fact.answered_on, fact.way, fact.recorded_by)


def _asking(asked: Request, proposal: Proposal) -> approvals.Asking:
    """Return what a second person sees and decides on."""
    content = {
        "request_no": asked.request_no,
        "route_no": asked.route_no,
        "service_point_no": proposal.service_point_no,
        "whole_route": not asked.points,
        "read_day": asked.read_day,
        "months": asked.months,
        "first_month": asked.first_month,
        "from_cycle": asked.from_cycle,
        "visit_on": asked.visit_on and str(asked.visit_on),
        "now_on": str(proposal.now_on),
        "first_on": str(proposal.first_on),
        "answered_on": str(proposal.answered_on),
        "way": proposal.way,
        "recorded_by": proposal.recorded_by,
    }
    return approvals.Asking(
        subject_id=proposal.question_id,
        content=content,
        org_unit=proposal.org_unit,
        requested_by=asked.requested_by,
        reason=asked.reason,
    )
