"""Routes in their cycles: read days (抄表例日), and what is open or closed."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from services.reading.tasks.domain.tasks import Totals
from shared.statemachine import StateMachine

OPEN: Final = "open"
CLOSED: Final = "closed"
LIFE: Final = StateMachine(name="route in a cycle", starts=(OPEN,), moves={"close": {OPEN: CLOSED}})
"""Closed once, with its totals; late reads make versions of usages, the cycle stays closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCycle:
    """One route in one cycle, with the control totals of its closing (all 0 before); `closed_on` is its status, as a day."""

    route_no: str
    cycle: str
    org_unit: str
    read_date: date
    closed_on: date | None
    totals: Totals

    @property
    def status(self) -> str:
        """Open until it has a day of closing."""
        return OPEN if self.closed_on is None else CLOSED


def read_date(read_day: int, business_date: date) -> date | None:
    """Return the read date of the month of `business_date`, or None while it lies ahead."""
    on = business_date.replace(day=read_day)
    return on if on <= business_date else None
