"""The clock of each run (抄表次日): its steps from read to released in business days, and who is waited for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.store import shown
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.review import store as review_store
from services.billing.runs import domain, store
from services.billing.runs.domain import Overdue, Timed
from services.billing.runs.use_cases import known
from shared.db.columns import Condition
from shared.db.engine import View
from shared.errors import BusinessError

RUNS_MAX = 10_000  # more than a utility has routes in a cycle
_Who = tuple[domain.Holder, str | None]


class TooManyRuns(BusinessError):
    status = 422
    code = "run_clocks.too_many"
    title = f"More than {RUNS_MAX:,} runs of a cycle: none is left out, ask for fewer org units"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A run with its steps; `held_by`: who is waited for, at the first step that is not done."""

    run: Row[Any]
    read_date: date
    steps: Sequence[Timed]
    held_by: domain.Holder | None

    @property
    def breached(self) -> list[str]:
        """The steps that were done after their day, or are not done though it has passed."""
        return [each.step for each in self.steps if each.is_late]


async def of_cycle(view: View, cycle: str, *, visible: Condition, context: Context) -> list[Clock]:
    """Return the clocks of the closed runs of a cycle, by route. All days are business dates of what happened.

    Raises `TooManyRuns`.
    """
    rows = await store.of_cycle(view, cycle, visible=visible, limit=RUNS_MAX + 1)
    if not rows:
        return []
    if len(rows) > RUNS_MAX:
        raise TooManyRuns
    held, reviewed = await shown.held_of_cycle(view, cycle), await shown.reviewed_of_cycle(view, cycle)
    decided = await review_store.last_decided(view, shown.bills_of_cycle(cycle))
    assigned = await shown.assigned_of_cycle(view, cycle)
    today = await business_day.latest(view) or max(row.closed_on for row in rows)
    reviews = {
        row.route_no: _Review(reviewed.get(row.route_no), decided.get(row.route_no), assigned.get(row.route_no))
        for row in rows
    }
    told = await _told(view, rows, {(row.route_no, cycle): held.get(row.route_no, 0) for row in rows})
    return [_clock(one, reviews[one.row.route_no], today, context) for one in told]


async def overdue(view: View, *, context: Context) -> dict[str, Overdue]:
    """Return what stands past its day at each step, of all cycles, by the latest business date.

    These are the runs that a list of clocks shows with a late step that is not done: released ones too whose held bills stayed,
    or of which points came to be unexplained since.
    """
    held = await shown.held_of_runs(view)
    rows, today = await store.not_done(view, sorted(held)), await business_day.latest(view)
    if today is None or not rows:
        return domain.overdue((), date.min)
    return domain.overdue(
        [_clock(one, _Review(), today, context).steps for one in await _told(view, rows, held)], today
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A run with what its route reported and told since, and how many of its bills are held."""

    row: Row[Any]
    closings: Sequence[Row[Any]]
    reported: domain.Closed
    later: Sequence[Row[Any]]
    held: int


@dataclass(frozen=True, slots=True)
class _Review:
    """When a bill of a run was held no more last, who decided last, and whose most of the bills are that are held."""

    held_no_more_on: date | None = None
    decided: Row[Any] | None = None
    assignee: str | None = None

    @property
    def done_on(self) -> date | None:
        return _last(self.held_no_more_on, self.decided.day if self.decided else None)


async def _told(view: View, rows: Sequence[Row[Any]], held: Mapping[tuple[str, str], int]) -> list[_Told]:
    names = [(row.route_no, row.cycle) for row in rows]
    reported, closings, told = (
        await known.reports(view, rows),
        await store.closings(view, names),
        await store.explanations(view, names),
    )
    return [
        _Told(
            row=row,
            closings=(of_run := [each for each in closings[name] if _was_known(each, row)] or closings[name]),
            reported=reported[name],
            later=[one for each in of_run for one in told.get((each.route_no, each.read_date), ())],
            held=held.get(name, 0),
        )
        for row, name in zip(rows, names, strict=True)
    ]


def _was_known(closing: Row[Any], row: Row[Any]) -> bool:
    """Return whether a read date was closed by when the totals of its run agreed: one of later is no excuse for that."""
    return row.calculated_on is None or closing.closed_on is None or closing.closed_on <= row.calculated_on


def _clock(one: _Told, review: _Review, today: date, context: Context) -> Clock:
    row, policy = one.row, context.policies.on(one.row.closed_on)
    by_reading = (row.status == domain.IN_REVIEW and domain.is_unexplained(row.findings)) or (
        row.status == domain.RELEASED and domain.came_to_be_unexplained(row.unexplained, row.accepted, policy)
    )
    is_reviewed = row.status != domain.OPEN and not one.held and not by_reading
    read_date = max(each.read_date for each in one.closings)
    timed = domain.clock(
        _done(one, review.done_on, is_reviewed=is_reviewed),
        read_date=read_date,
        days=policy.run_clock,
        today=today,
        calendar=context.calendar,
    )
    who = dict[str, _Who]((step, (holder, None)) for step, holder in domain.HOLDERS.items())
    who["reviewed"] = _reviewer(one, review, is_reviewed=is_reviewed, by_reading=by_reading)
    who["released"] = "releaser", row.released_by if row.status == domain.RELEASED else None
    steps = [
        replace(each, held_by=who[each.step][0], person=who[each.step][1]) if each.is_late else each for each in timed
    ]
    waits = next((each.step for each in steps if each.done_on is None), None)
    return Clock(run=row, read_date=read_date, steps=steps, held_by=who[waits][0] if waits else None)


def _reviewer(one: _Told, review: _Review, *, is_reviewed: bool, by_reading: bool) -> _Who:
    """Return who holds the review, or whose work ended it last.

    Totals that came late are the rater's, points reading's, those that were let go unexplained whose who released the run.
    """
    row = one.row
    if not is_reviewed:
        return ("reading", None) if by_reading else ("reviewer", review.assignee)
    calculated_on = row.calculated_on or date.min
    before, explained_on = _last(review.done_on, calculated_on) or date.min, one.reported.explained_on
    if row.accepted:
        if row.let_go_on > before:
            return "releaser", row.released_by
    elif explained_on and explained_on > before:
        return "reading", None
    if review.done_on and review.done_on >= calculated_on:
        return "reviewer", review.decided.decided_by if review.decided else None
    return "rater", None


def _done(one: _Told, reviewed_on: date | None, *, is_reviewed: bool) -> dict[str, date | None]:
    """Return the day on which each step was done last; a step that was done anew has the later day.

    A run that somebody let go with unexplained points was reviewed by that, whatever was explained of it later.
    """
    row, closings = one.row, one.closings
    closed_on = _last(*(each.closed_on for each in closings)) or row.closed_on
    came_in = [each.uploaded_on for each in (*closings, *one.later)]
    explained_on = row.let_go_on if row.accepted else one.reported.explained_on
    return {
        "read": _last(*(each.read_on for each in closings)) or closed_on,
        "uploaded": _last(*came_in) or closed_on,
        "closed": closed_on,
        "calculated": row.calculated_on,
        "reviewed": _last(row.calculated_on, reviewed_on, explained_on) if is_reviewed else None,
        "released": row.released_on,
    }


def _last(*days: date | None) -> date | None:
    return max(filter(None, days), default=None)
