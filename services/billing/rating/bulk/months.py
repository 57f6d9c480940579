"""What the days of a form are of its cycle and its months: decided by dates alone."""

from calendar import monthrange
from datetime import date

from services.billing.rating.rating_types import Request
from shared.exact import Exact


def cycle_days(r: Request) -> int:
    """Return the days of the whole cycle of the plan."""
    return _length(r.month or (r.from_, r.to))


def of_supplied(r: Request, value: int) -> int:
    """Return the share by days that a bill has of what its contract is given once in the cycle."""
    return value * _length((r.from_, r.to)) // _length(r.supplied or (r.from_, r.to))


def borne(r: Request, rule: str, days: int | None = None) -> tuple[Exact, ...]:
    """Return the factor of what is charged for the months of a form, for all its days or some of them; none where it is 1."""
    own = _length((r.from_, r.to)) if days is None else days
    whole = r.month or (r.from_, r.to)
    supplied = _length(r.supplied or (r.from_, r.to))
    usual = _usual_length(whole, len(r.bill_months))
    if rule == "counts_as_one":
        base = supplied
    elif rule == "calendar_days":
        base = usual
    elif _length(whole) == usual == supplied and _is_usual(whole, len(r.bill_months)):
        base = supplied
    else:
        base = 30 * len(r.bill_months)
    return (Exact(own, base),) if own != base else ()


def _length(days: tuple[date, date]) -> int:
    return (days[1] - days[0]).days


def _month_number(day: date) -> int:
    return 12 * day.year + day.month


def _is_last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _is_usual(whole: tuple[date, date], months: int) -> bool:
    start, end = whole
    if _month_number(end) - _month_number(start) != months:
        return False
    return start.day == end.day or (start.day < end.day and _is_last(start)) or (end.day < start.day and _is_last(end))


def _usual_length(whole: tuple[date, date], months: int) -> int:
    """Return the days of a cycle of so many months that ends as this one does."""
    if _is_usual(whole, months):
        return _length(whole)
    end = whole[1]
    number = _month_number(end) - 1 - months
    last = monthrange(number // 12, number % 12 + 1)[1]
    return (end - date(number // 12, number % 12 + 1, min(end.day, last))).days
