"""Routes in their cycles: read days (抄表例日), and what is open or closed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.reading.network.domain.read_days import Plan
from services.reading.tasks.domain.tasks import Totals, cycle_of
from shared.statemachine import StateMachine

MONTHS_OF_A_YEAR: Final = 12
A_DAY: Final = timedelta(days=1)
A_MONTH: Final = timedelta(days=31)  # from the first day of a month into the next
OPEN: Final = "open"
CLOSED: Final = "closed"
LIFE: Final = StateMachine(name="route in a cycle", starts=(OPEN,), moves={"close": {OPEN: CLOSED}})
"""Closed once, with its totals; late reads make versions of usages, the cycle stays closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCycle:
    """One route for one read date, with the control totals of its closing (all 0 before); `closed_on` is its status, as a day.

    `cycle` is how people call it; two read dates of a route have one name where points of it are read on another day.
    """

    route_no: str
    read_date: date
    cycle: str
    org_unit: str
    closed_on: date | None
    totals: Totals

    @property
    def status(self) -> str:
        """Open until it has a day of closing."""
        return OPEN if self.closed_on is None else CLOSED


def next_planned(plan: Plan, day: date) -> date:
    """Return the first read date that is not before a day: that with whose cycle a period ends that is cut on that day."""
    month = _month(day)
    while (on := _read_date(plan, month)) is None or on < day:
        month = (month + A_MONTH).replace(day=1)
    return on


def planned_before(plan: Plan, day: date) -> date:
    """Return the last read date before a day."""
    month = _month(day)
    while (on := _read_date(plan, month)) is None or on >= day:
        month = _month(month)
    return on


def planned_in_month(plan: Plan, day: date) -> list[date]:
    """Return the read dates in the month of a day that do not lie ahead; two where the read day moves from the first of it."""
    found: list[date] = []
    on = next_planned(plan, day.replace(day=1))
    while on <= day:
        found.append(on)
        on = next_planned(plan, on + A_DAY)
    return found


def is_planned(plan: Plan, day: date) -> bool:
    """Return whether a day is a read date."""
    return next_planned(plan, day) == day


def months_closed(plan: Plan, read_date: date) -> int:
    """Return how many cycles a read date closes: all since the read date before, at least one."""
    since, to = _month(planned_before(plan, read_date)), _month(read_date)
    return max(1, (to.year - since.year) * MONTHS_OF_A_YEAR + to.month - since.month)


def _month(day: date) -> date:
    """Return the first day of the month that is the cycle of a read date."""
    return (day - A_DAY).replace(day=1)


def _read_date(plan: Plan, month: date) -> date | None:
    """Return the read date of a cycle, or None where it has none: each has one at most, whatever its read day was before."""
    row = plan[0]
    if len(plan) > 1:
        cycle = cycle_of(month + A_DAY)
        row = next((each for each in reversed(plan) if each.from_cycle <= cycle), row)
    if row.read_day == 1:
        month = (month + A_MONTH).replace(day=1)
    if (month.month - row.first_month) % row.months:
        return None
    return month.replace(day=min(row.read_day, monthrange(month.year, month.month)[1]))
