"""Which reads may be those of a read date, and whether they are early, on time or late. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from services.reading.reads.domain.days import ReadDays

EARLY: Final = "early"
ON_TIME: Final = "on_time"
LATE: Final = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Of a read date: reads within [since, until) may be its own, those within [on_from, on_to) are on time; the day itself is
    [starts, ends)."""

    read_date: date
    since: datetime
    on_from: datetime
    starts: datetime
    ends: datetime
    on_to: datetime
    until: datetime


def of(read_date: date, days: ReadDays) -> Reach:
    """Return the reach of a read date, by the policy of that day."""
    rules = days.policies.on(read_date).adherence
    tolerance, reach = timedelta(days=rules.tolerance_days), timedelta(days=rules.reach_days)
    starts, ends = days.bounds(read_date)
    return Reach(
        read_date=read_date,
        since=days.bounds(read_date - reach)[0],
        on_from=days.bounds(read_date - tolerance)[0],
        starts=starts,
        ends=ends,
        on_to=days.bounds(read_date + tolerance)[1],
        until=days.bounds(read_date + reach)[1],
    )
