"""Routes in their cycles: read days (抄表例日), and what is open or closed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from services.reading.tasks.domain.tasks import Totals
from shared.statemachine import StateMachine

OPEN: Final = "open"
CLOSED: Final = "closed"
LIFE: Final = StateMachine(name="route in a cycle", starts=(OPEN,), moves={"close": {OPEN: CLOSED}})
"""Closed once, with its totals; late reads make versions of usages, the cycle stays closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCycle:
    """One route for one read date, with the control totals of its closing (all 0 before); `closed_on` is its status, as a day.

    `cycle` is how people call it; two read dates of a route have one name where its read day was moved in between.
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


class ReadPlan(Protocol):
    """When a route is read: on its read day in every month, every second or every third one.

    `first_month` is the first of its months in a year: of a route of two months 1 for the odd months, 2 for the even ones.
    """

    @property
    def read_day(self) -> int: ...
    @property
    def months(self) -> int: ...
    @property
    def first_month(self) -> int: ...


def read_date(plan: ReadPlan, business_date: date) -> date | None:
    """Return the read date of the month of `business_date`; None while it lies ahead, or where that month has none."""
    on = _read_day(plan, business_date)
    return on if on <= business_date and _is_read(plan, business_date) else None


def next_planned(plan: ReadPlan, day: date) -> date:
    """Return the first read date that is not before a day: that with whose cycle a period ends that is cut on that day."""
    month = day
    while not _is_read(plan, month) or _read_day(plan, month) < day:
        month = month.replace(day=1) + timedelta(days=31)
    return _read_day(plan, month)


def planned_before(plan: ReadPlan, day: date) -> date:
    """Return the last read date before a day."""
    month = day
    while not _is_read(plan, month) or _read_day(plan, month) >= day:
        month = month.replace(day=1) - timedelta(days=1)
    return _read_day(plan, month)


def _read_day(plan: ReadPlan, month: date) -> date:
    return month.replace(day=min(plan.read_day, monthrange(month.year, month.month)[1]))


def _is_read(plan: ReadPlan, month: date) -> bool:
    return (month.month - plan.first_month) % plan.months == 0
