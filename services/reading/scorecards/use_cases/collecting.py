"""What scorecards count beside tasks: wrong reads, bills that were corrected by much because of them, and confirmed disputes."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from services.reading.context import Context
from services.reading.disputes import store as disputes
from services.reading.disputes.domain import Dispute
from services.reading.network.store import points
from services.reading.reads.domain import reach
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import visits
from services.reading.scorecards.domain.rows import BILL, DISPUTE, NOBODY, WRONG, Row
from services.reading.scorecards.store import cards, corrected_bills
from services.reading.scorecards.use_cases.found import found_on
from services.reading.tasks.domain.tasks import Task
from services.reading.tasks.store import tasks
from services.reading.wrong_reads import use_cases as wrong_reads
from services.reading.wrong_reads.domain import BY_READER, WrongRead
from shared.business_calendar import YearUnknown
from shared.db.engine import View

Routes = Collection[str] | None
"""Numbers of routes; None: all."""


async def uncounted(view: View, since: date, before: date, own: Context, *, route_nos: Routes = None) -> list[Row]:
    """Return what came from a day on and before another, and no scorecard has counted; a constant number of statements."""
    wrong = await wrong_reads.between(view, since, before, ReadDays(own.policies, own.zone), route_nos=route_nos)
    found = [*await of_wrong_reads(view, wrong, own), *await _disputes(view, since, before, own, route_nos)]
    counted = await cards.counted(view, found)
    new = [row for row in found if (row.kind, row.subject) not in counted]
    return [*new, *await _bills(view, since, before, own, [row for row in new if row.is_error], route_nos)]


async def of_wrong_reads(view: View, wrong: Sequence[WrongRead], own: Context) -> list[Row]:
    """Return wrong reads as scorecards have them: how serious they were, and how soon they were fixed; four statements."""
    days = await found_on(view, wrong, ReadDays(own.policies, own.zone))
    return [_wrong(each, days[each.correction_id], own) for each in wrong]


def _wrong(each: WrongRead, found: date, own: Context) -> Row:
    limit = own.policies.on_or_first(each.fixed_on).scorecards.serious_wh
    by_reader = each.fault == BY_READER
    return Row(
        kind=WRONG,
        subject=each.correction_id,
        route_no=each.route_no,
        reader=each.reader or NOBODY,
        org_unit=each.org_unit,
        service_point_no=each.service_point_no,
        day=each.day,
        fault=each.fault,
        serious=by_reader and each.off_wh is not None and each.off_wh >= limit,
        fix_days=_passed(found, each.fixed_on, own),
        details={
            "read_id": each.read_id,
            "kind": each.kind,
            "off_wh": each.off_wh,
            "reason": each.reason,
            "found_on": str(found),
            "fixed_on": str(each.fixed_on),
            "fixed_by": each.fixed_by,
        },
    )


def _passed(found: date, fixed: date, own: Context) -> int | None:
    """Return how many business days passed; None where no calendar of the year is there."""
    try:
        return own.calendar.passed(found, fixed)
    except YearUnknown:
        return None


async def _bills(
    view: View, since: date, before: date, own: Context, errors: Sequence[Row], route_nos: Routes
) -> list[Row]:
    """Return the bills that were corrected by a serious sum because of an error that was not serious by its energy.

    An error is serious once: of several bills the first that was corrected makes it so.
    """
    large = [
        each
        for each in await corrected_bills.between(view, since, before, from_fen=_least(own))
        if abs(each.amount_fen) >= own.policies.on_or_first(each.corrected_on).scorecards.serious_fen
    ]
    if not large:
        return []
    days_of = {id(each): _days(each.day, own) for each in large}
    keys = sorted({(each.service_point_no, day) for each in large for day in days_of[id(each)]})
    known = [*errors, *await cards.errors_at(view, keys)]
    caused = [(each, error) for each in large if (error := _cause(each, days_of[id(each)], known)) is not None]
    found = list({error.subject: _bill(each, error) for each, error in reversed(caused)}.values())
    counted = await cards.counted(view, found)
    return [
        row
        for row in found
        if (row.kind, row.subject) not in counted and (route_nos is None or row.route_no in route_nos)
    ]


def _least(own: Context) -> int:
    return min(version.rules.scorecards.serious_fen for version in own.policies)


def _days(day: date, own: Context) -> list[date]:
    """Return the days whose reads may be those at which the period of a bill ends."""
    tolerance = own.policies.on_or_first(day).read_tolerance_days
    return [day + timedelta(days=number) for number in range(-tolerance, tolerance + 1)]


def _cause(bill: Any, days: Sequence[date], errors: Sequence[Row]) -> Row | None:
    """Return the error for which a bill was corrected: the last one of its reason at that point, of a read of its last day."""
    mine = [
        error
        for error in errors
        if error.service_point_no == bill.service_point_no
        and error.day in days
        and error.details["reason"] == bill.reason
        and error.details["fixed_on"] <= str(bill.corrected_on)
    ]
    last = max(mine, key=lambda error: (error.details["fixed_on"], error.subject), default=None)
    return None if last is None or last.serious else last


def _bill(bill: Any, error: Row) -> Row:
    return Row(
        kind=BILL,
        subject=error.subject,
        route_no=error.route_no,
        reader=error.reader,
        org_unit=error.org_unit,
        service_point_no=error.service_point_no,
        day=error.day,
        serious=True,
        details={
            "correction_id": bill.correction_id,
            "corrected_on": str(bill.corrected_on),
            "amount_fen": bill.amount_fen,
            "read_id": error.details["read_id"],
        },
    )


async def _disputes(view: View, since: date, before: date, own: Context, route_nos: Routes) -> list[Row]:
    """Return the disputes that ended as confirmed, each of who had read the last of the doubted cycles; four statements."""
    outcomes = own.policies.on_or_first(before).scorecards.confirmed_disputes
    ended = await disputes.ended_with(view, since, before, outcomes)
    route_of = {no: each.route_no for no, each in (await points.by_no(view, sorted({e.point for e in ended}))).items()}
    mine = [each for each in ended if route_nos is None or route_of[each.point] in route_nos]
    if not mine:
        return []
    first = min(each.opened.cycles[0] for each in mine)
    theirs = await tasks.with_reasons(view, [each.point for each in mine], _first_day(first), before)
    task_of = {each.dispute_no: _last(each, [task for task, _ in theirs.get(each.point, ())]) for each in mine}
    keys = sorted({task.key for task in task_of.values() if task is not None})
    days = ReadDays(own.policies, own.zone)
    visited = await visits.of_tasks(view, keys, [reach.of(day, days) for day in sorted({key[1] for key in keys})])

    def of(each: Dispute) -> Row:
        task = task_of[each.dispute_no]
        visit = visited.get(task.key) if task else None
        assert each.ended_on is not None
        return Row(
            kind=DISPUTE,
            subject=each.dispute_no,
            route_no=route_of[each.point],
            reader=(visit.reader if visit else None) or NOBODY,
            org_unit=each.opened.org_unit,
            service_point_no=each.point,
            day=each.ended_on,
            details={"cycles": list(each.opened.cycles), "ended_at": each.ended_at, "outcome": each.outcome},
        )

    return [of(each) for each in mine]


def _last(dispute: Dispute, its: Sequence[Task]) -> Task | None:
    doubted = [task for task in its if task.cycle in dispute.opened.cycles]
    return max(doubted, key=lambda task: task.read_date, default=None)


def _first_day(cycle: str) -> date:
    return date.fromisoformat(f"{cycle}-01")
