"""What a bill's days are of the cycle of the reading plan, and what they count as in charges by the month."""

from calendar import monthrange
from datetime import date

from services.billing.rating.rating_types import Request
from shared.exact import Exact


def span(request: Request) -> tuple[date, date]:
    """Return the whole cycle of the plan."""
    return request.month or (request.from_, request.to)


def supplied_days(request: Request) -> int:
    """Return the days of the cycle that the contract covers: all bills of it in the cycle share by days what it is given once."""
    start, end = request.supplied or (request.from_, request.to)
    return (end - start).days


def days(request: Request) -> int:
    """Return the days of the bill."""
    return (request.to - request.from_).days


def part(request: Request, rule: str, own: int) -> tuple[Exact, ...]:
    """Return the factor by which some days of a bill bear what is charged for its months; none where they bear all of it.

    Months count as they are planned (counts_as_one), and a contract that covers only some of the days bears them whole. By
    thirtieths or calendar days each day counts, where the contract covers only a part, or the cycle is no usual one.
    """
    start, end = span(request)
    count = len(request.bill_months)
    usual = is_usual(start, end, count)
    of = supplied_days(request)
    if rule == "calendar_days":
        of = (end - start).days if usual else (end - _back(end, count)).days
    elif rule == "thirtieths" and not (usual and of == (end - start).days):
        of = 30 * count
    return () if own == of else (Exact(own, of),)


def is_usual(start: date, end: date, months: int) -> bool:
    """Return whether a cycle is of so many months from one read day to the next: the 31st is the last day of shorter months."""
    if (end.year - start.year) * 12 + end.month - start.month != months:
        return False
    first, last = min(start, end, key=lambda d: d.day), max(start, end, key=lambda d: d.day)
    return first.day == last.day or first.day == monthrange(first.year, first.month)[1]


def _back(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 - months
    year, month = at // 12, at % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
