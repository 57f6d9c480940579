"""The clock of each run (抄表次日): its steps from read to released in business days, and who is waited for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.store import shown
from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.review import store as review_store
from services.billing.runs import domain, store
from services.billing.runs.domain import Overdue, Timed
from services.billing.runs.use_cases import totals
from shared.db.columns import Condition
from shared.db.engine import View
from shared.errors import BusinessError

RUNS_MAX = 10_000  # more than a utility has routes in a cycle


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
    reported = await totals.reports(view, rows)
    closings = await store.closings(view, [(row.route_no, row.cycle) for row in rows])
    held = await shown.held_of_cycle(view, cycle)
    decided = await review_store.last_decided(view, shown.bills_of_cycle(cycle))
    today = await business_day.latest(view) or max(row.closed_on for row in rows)
    return [
        _clock(
            row,
            closings[row.route_no, row.cycle],
            reported[row.route_no, row.cycle],
            held.get(row.route_no, 0),
            decided.get(row.route_no),
            today,
            context,
        )
        for row in rows
    ]


async def overdue(view: View, *, context: Context) -> dict[str, Overdue]:
    """Return what stands past its day at each step, of all cycles, by the latest business date.

    These are the runs that a list of clocks shows with a late step that is not done: released ones too whose held bills stayed.
    """
    held = await shown.held_of_runs(view)
    rows, today = await store.not_done(view, sorted(held)), await business_day.latest(view)
    if today is None or not rows:
        return domain.overdue((), date.min)
    reported = await totals.reports(view, rows)
    names = [(row.route_no, row.cycle) for row in rows]
    closings = await store.closings(view, names)
    clocks = [
        _clock(row, closings[name], reported[name], held.get(name, 0), None, today, context).steps
        for row, name in zip(rows, names, strict=True)
    ]
    return domain.overdue(clocks, today)


def _clock(
    row: Row[Any],
    closings: Sequence[Row[Any]],
    reported: domain.Closed,
    held: int,
    decided_on: date | None,
    today: date,
    context: Context,
) -> Clock:
    is_calculated, is_out = row.status != domain.OPEN, row.status in domain.ISSUING and row.issue_on is not None
    is_reviewed = is_calculated and not held and (is_out or not domain.is_unexplained(row.findings))
    done: dict[str, date | None] = {
        "read": max((each.read_on for each in closings if each.read_on), default=None) or row.closed_on,
        "uploaded": max((each.uploaded_on for each in closings if each.uploaded_on), default=None) or row.closed_on,
        "closed": row.closed_on,
        "calculated": row.closed_on if is_calculated else None,
        "reviewed": max(filter(None, (row.closed_on, decided_on, reported.explained_on))) if is_reviewed else None,
        "released": row.issue_on if row.status == domain.RELEASED else None,
    }
    days = context.policies.on(row.closed_on).run_clock
    steps = domain.clock(done, read_date=reported.read_date, days=days, today=today, calendar=context.calendar)
    waits = next((each.step for each in steps if each.done_on is None), None)
    holder = (
        "reading" if waits == "reviewed" and domain.is_unexplained(row.findings) else domain.HOLDERS.get(waits or "")
    )
    return Clock(run=row, read_date=reported.read_date, steps=steps, held_by=holder)
