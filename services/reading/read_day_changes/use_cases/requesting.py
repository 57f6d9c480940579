"""Another read day is asked for: of a route or of points, for good or once. Its customers are told and asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.reading.network.domain.read_days import Plans, in_force
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points, read_days, routes
from services.reading.policies.domain import Asking, Policies
from services.reading.read_day_changes import store
from services.reading.read_day_changes.domain import (
    ANSWERS,
    Proposal,
    Request,
    first_after,
    is_moved,
    is_moved_later,
    plan_with,
)
from services.reading.read_day_changes.use_cases import refusals
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.tasks.store import route_cycles
from shared.db import jobs
from shared.db.audit import AuditEntry
from shared.db.engine import Tx, View
from shared.events.fact import Fact
from shared.events.read_days import ReadDayChangeProposed
from shared.events.reading import VisitProposed
from shared.outcome import ALREADY_DONE, Outcome

POINTS_MAX = 5_000  # of a route: more than one reader reads in a month
PLANNING = "plan-cycles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for: a read day for good from a cycle on, or for one cycle, `visit_on`.

    `points`: none for all of the route. Months that are not given stay those of the route.
    """

    request_no: str
    route_no: str
    points: tuple[str, ...]
    read_day: int
    from_cycle: str
    months: int | None
    first_month: int | None
    visit_on: date | None
    from_time: str | None
    to_time: str | None
    reason: str
    explanation: str
    asked_on: date


async def request(tx: Tx, wanted: Wanted, *, actor: str, may_see: Callable[[str], bool], policies: Policies) -> Outcome:
    """Ask for another read day, and publish a question for each point whose read dates it changes. Raises `refusals.ASKING`."""
    route = await routes.lock(tx, wanted.route_no)
    if route is None:
        raise refusals.UnknownRoute
    plans = (await read_days.of_routes(tx, [wanted.route_no]))[wanted.route_no]
    rules = _rules(wanted, policies)
    asked = _request(wanted, plans, actor, rules)
    there = await store.request(tx, wanted.request_no)
    if there is not None:
        if there != asked:
            raise refusals.OtherContent
        return ALREADY_DONE
    known = await _points(tx, asked)
    if not may_see(route.org_unit) or not all(may_see(each.org_unit) for each in known):
        raise refusals.OutsideOrgUnit
    await _check(tx, asked, plans, known)
    proposals = [_proposal(asked, plans, each) for each in known if _is_changed(asked, plans, each.service_point_no)]
    if not proposals:
        raise refusals.Unchanged
    before = min(each.before for each in proposals)
    await check_planning(tx, asked, before)
    if before <= asked.answer_by + timedelta(days=rules.ahead_days):
        raise refusals.TooSoon
    await store.insert_request(tx, asked, route.org_unit)
    await points.lock(tx, [each.service_point_no for each in proposals])
    await store.insert(tx, proposals)
    tx.publish([_question(asked, each) for each in proposals])
    entry = AuditEntry(
        action="read_day.asked",
        entity_kind="read_day_request",
        entity_id=asked.request_no,
        actor=actor,
        reason=asked.reason,
    )
    tx.audit([entry])
    return Outcome("done", id=asked.request_no)


async def check_planning(view: View, asked: Request, before: date) -> None:
    """Raise `CyclePlanned` where the cycle is planned, or a day that would change has come: tasks are made by it, or were not."""
    last = await route_cycles.last_name(view, asked.route_no)
    newest = await jobs.newest_date(view, PLANNING)
    if (last is not None and last >= asked.from_cycle) or (newest is not None and newest >= before):
        raise refusals.CyclePlanned(asked.from_cycle)


def _rules(wanted: Wanted, policies: Policies) -> Asking:
    rules = policies.on_or_first(wanted.asked_on)
    return rules.read_day_change if wanted.visit_on is None else rules.read_day_visit


def _request(wanted: Wanted, plans: Plans, actor: str, rules: Asking) -> Request:
    there = in_force(plans.route, wanted.from_cycle)
    assert there is not None, "the first row of a route is from its first cycle on"
    once = wanted.visit_on is not None
    return Request(
        request_no=wanted.request_no,
        route_no=wanted.route_no,
        points=wanted.points,
        read_day=wanted.read_day,
        months=1 if once else wanted.months or there.months,
        first_month=1 if once else wanted.first_month or there.first_month,
        from_cycle=wanted.from_cycle,
        visit_on=wanted.visit_on,
        from_time=wanted.from_time,
        to_time=wanted.to_time,
        reason=wanted.reason,
        explanation=wanted.explanation,
        requested_by=actor,
        asked_on=wanted.asked_on,
        answer_by=wanted.asked_on + timedelta(days=rules.answer_days),
    )


async def _points(tx: Tx, asked: Request) -> Sequence[ServicePoint]:
    if not asked.points:
        return await points.walked(tx, asked.route_no, POINTS_MAX + 1)
    known = await points.by_no(tx, asked.points)
    missing = [no for no in asked.points if no not in known or known[no].route_no != asked.route_no]
    if missing:
        raise refusals.NotOnTheRoute(missing[0])
    return list(known.values())


async def _check(tx: Tx, asked: Request, plans: Plans, known: Sequence[ServicePoint]) -> None:
    numbers = [each.service_point_no for each in known]
    if len(numbers) > POINTS_MAX:
        raise refusals.RouteTooLarge(f"{POINTS_MAX} at most")
    if asked.first_month > asked.months:
        raise refusals.BadFirstMonth
    if await route_cycles.last_name(tx, asked.route_no) is None:
        raise refusals.NotPlannedYet
    if waiting := await store.waiting_of_points(tx, numbers):
        raise refusals.AskedAlready(min(waiting))
    if later := [number for number in numbers if is_moved_later(asked, plans, number)]:
        raise refusals.MovedLater(min(later))
    if asked.visit_on is not None:
        planned = {number: cycle_of(first_after(plans.of(number), asked.from_cycle)) for number in numbers}
        if without := [number for number in numbers if planned[number] != asked.from_cycle]:
            raise refusals.NoCycle(min(without))


def _is_changed(asked: Request, plans: Plans, service_point_no: str) -> bool:
    plan = plans.of(service_point_no)
    if asked.visit_on is None:
        return is_moved(plan, asked.day)
    return first_after(plan, asked.from_cycle) != asked.visit_on


def _proposal(asked: Request, plans: Plans, point: ServicePoint) -> Proposal:
    number = point.service_point_no
    return Proposal(
        question_id=asked.question_id(number),
        request_no=asked.request_no,
        service_point_no=number,
        route_no=asked.route_no,
        org_unit=point.org_unit,
        now_on=first_after(plans.of(number), asked.from_cycle),
        first_on=first_after(plan_with(asked, plans, number), asked.from_cycle),
    )


def _question(asked: Request, proposal: Proposal) -> Fact:
    common = {
        "question_id": proposal.question_id,
        "subject_kind": asked.kind,
        "subject_id": asked.request_no,
        "service_point_no": proposal.service_point_no,
        "org_unit": proposal.org_unit,
        "asked_on": asked.asked_on,
        "answers": ANSWERS,
        "answer_by": asked.answer_by,
    }
    if asked.visit_on is not None:
        return VisitProposed(
            **common,
            purpose="one_off_read",
            visit_on=asked.visit_on,
            from_time=asked.from_time,
            to_time=asked.to_time,
        )
    return ReadDayChangeProposed(
        **common,
        read_day=asked.read_day,
        months=asked.months,
        from_cycle=asked.from_cycle,
        now_on=proposal.now_on,
        first_on=proposal.first_on,
    )
