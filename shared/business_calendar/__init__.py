"""The business-day calendar (工作日历): dated documents, one a year, the same for all services. Pure; `folder` reads them.

    {"id": "CN/business-days", "year": 2026, "title": "…", "source": "…",
     "days_off": [{"day": "2026-01-01", "name": "元旦"}, …], "working_days": [{"day": "2026-01-04", "name": "元旦"}, …]}

Monday to Friday are business days, but for `days_off`; Saturday and Sunday are none, but for `working_days` (调休). A year whose
document is not there is refused, never guessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from shared.document import Node
from shared.errors import BusinessError

YEARS: Final = 1900, 2999
_SATURDAY: Final = 5


class YearUnknown(BusinessError):
    status = 422
    code = "calendar.year_unknown"
    title = "No business-day calendar of the year is there"


@dataclass(frozen=True, slots=True)
class Year:
    """The days of one year on which the week is not followed."""

    year: int
    days_off: frozenset[date]
    working_days: frozenset[date]

    def has(self, day: date) -> bool:
        """Return whether a day of the year is a business day."""
        return day in self.working_days if day.weekday() >= _SATURDAY else day not in self.days_off


class Calendar:
    """The business days of the years whose documents are there."""

    def __init__(self, years: Iterable[Year]) -> None:
        self._years = {year.year: year for year in years}

    @property
    def last_year(self) -> int | None:
        """The last year that is there."""
        return max(self._years, default=None)

    def is_business_day(self, day: date) -> bool:
        """Return whether people work on a day; raises `YearUnknown`."""
        year = self._years.get(day.year)
        if year is None:
            raise YearUnknown(str(day.year))
        return year.has(day)

    def on_or_after(self, day: date) -> date:
        """Return the first business day that is not before a day; raises `YearUnknown`."""
        while not self.is_business_day(day):
            day += timedelta(days=1)
        return day

    def after(self, day: date, count: int = 1) -> date:
        """Return the `count`-th business day after a day, for 0 the first that is not before it; raises `YearUnknown`."""
        day = self.on_or_after(day) if not count else day
        for _ in range(count):
            day = self.on_or_after(day + timedelta(days=1))
        return day

    def passed(self, since: date, day: date) -> int:
        """Return how many business days come after a day, another one that is not before it included; raises `YearUnknown`."""
        days = (since + timedelta(days=number) for number in range(1, (day - since).days + 1))
        return sum(self.is_business_day(each) for each in days)


def read(document: Mapping[str, Any]) -> Year:
    """Return the year of a document; raises `DocumentError` with all its faults."""
    return Node.read(document, _year)


def _year(node: Node) -> Year:
    node.keys("id year title source days_off working_days")
    node.get("id").text()
    year = node.get("year").whole(*YEARS)
    known = year if node.get("year").sound else None
    return Year(
        year=year,
        days_off=_days(node.get("days_off"), known, weekend=False),
        working_days=_days(node.get("working_days"), known, weekend=True),
    )


def _days(listed: Node, year: int | None, *, weekend: bool) -> frozenset[date]:
    found: set[date] = set()
    for item in listed.items():
        item.keys("day name").get("name").text()
        day = item.get("day").day()
        if day is None or day.year != (year or day.year) or (day.weekday() >= _SATURDAY) != weekend:
            kind = "a Saturday or Sunday" if weekend else "a day from Monday to Friday"
            item.get("day").refuse("value_wrong", f"{kind} of {year or 'the year'} was expected")
        elif day in found:
            item.get("day").refuse("name_twice")
        else:
            found.add(day)
    return frozenset(found)
