"""Accounting months (会计期间): closed one after the other, never opened again."""

from datetime import date, timedelta
from typing import Final

from shared.statemachine import StateMachine

OPEN, CLOSED = "open", "closed"
LIFE: Final = StateMachine(name="month", starts=(OPEN,), moves={"close": {OPEN: CLOSED}})
"""One after the other, for ever: a closed month is a row, an open one is none yet."""


def of(day: date) -> str:
    """Return the month of a day as `YYYY-MM`."""
    return day.isoformat()[:7]


def first_day_after(month: str) -> date:
    """Return the first day of the month after `YYYY-MM`."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=32)).replace(day=1)


def is_closed(day: date, open_from: date | None) -> bool:
    """Return whether a day lies before the first open day; without one no month was ever closed."""
    return open_from is not None and day < open_from


def status(month: str, open_from: date | None) -> str:
    """Return the status of a month, `YYYY-MM`."""
    return CLOSED if open_from is not None and month < of(open_from) else OPEN


def accounting_date(business_date: date, open_from: date | None) -> date:
    """Return the day a fact counts in: its own, or the first open day where its month is closed.

    What has happened cannot be refused, and a closed month cannot change: it counts in the next open month and keeps its
    own date beside. A command for a closed month is refused instead (`ledger.month_closed`): who commands can choose another day.
    """
    return open_from if open_from is not None and business_date < open_from else business_date
