"""Civil days and months as texts, and which of them a utility can mean. Pure.

No meter, contract or debt that is still kept is older than 1950; no calendar, tariff or contract reaches 2200. A day outside is
an empty or mistyped field of the sender (the year 1, 0026, 9999 for "no end"): believed, it would be planned, rated and posted.
"""

import calendar
import re
from datetime import UTC, date, datetime
from typing import Final

FIRST: Final = date(1950, 1, 1)
END: Final = date(2200, 1, 1)
"""The first day that no date may be any more."""
FIRST_INSTANT: Final = datetime(1950, 1, 1, tzinfo=UTC)
END_INSTANT: Final = datetime(2200, 1, 1, tzinfo=UTC)
DAY: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
MONTH: Final = "^(19[5-9][0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])$"
INSTANT: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}"


def day(text: str) -> date:
    """Return the day that a text such as `2026-01-31` says; ValueError for any other form, and outside [FIRST, END)."""
    if not re.fullmatch(DAY, text, re.ASCII):
        raise ValueError("not a day such as 2026-01-31")
    return check(date.fromisoformat(text))


def check(found: date) -> date:
    """Return a day that lies in [FIRST, END); ValueError for any other."""
    if not FIRST <= found < END:
        raise ValueError(f"not a day from {FIRST} on and before {END}")
    return found


def check_instant(found: datetime) -> datetime:
    """Return an instant with its offset that lies between those of `FIRST` and `END`; ValueError for any other."""
    if found.tzinfo is None or not FIRST_INSTANT <= found < END_INSTANT:
        raise ValueError(f"not an instant from {FIRST} on and before {END}")
    return found


def months_before(found: date, months: int) -> date:
    """Return the day so many months before another; the last of its month where that has no such day."""
    years, place = divmod(found.year * 12 + found.month - 1 - months, 12)
    return date(years, place + 1, min(found.day, calendar.monthrange(years, place + 1)[1]))


def month(text: str) -> tuple[date, date]:
    """Return the first day of a month such as `2026-01`, and that of the next."""
    year, number = map(int, text.split("-"))
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)


def months(first: str, last: str) -> int:
    """Return how many months there are from one `YYYY-MM` to another, both counted; below 1 where they are reversed."""
    return int(last[:4]) * 12 + int(last[5:]) - int(first[:4]) * 12 - int(first[5:]) + 1
