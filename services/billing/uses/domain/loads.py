"""Load curves as days of 24 local hours, each with its kind of day by the business calendar. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from services.billing.usages.domain import PackedCurve
from shared.arrays import Ints
from shared.business_calendar import Calendar, YearUnknown
from shared.packed import NotPacked, unpack

HOURS: Final = 24
WORKING: Final = 0
OFF: Final = 1
"""Kinds of days: business days, and all others (Saturdays, Sundays, holidays)."""
SLOT_WH_MAX: Final = 10_000_000  # 10 MWh in a slot: no home, and a guard for the sums
UNKNOWN: Final = -1  # no calendar of the year is there: the day is of no kind, never guessed


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of a load curve: `wh[i]` are the 24 hours of a day of kind `kinds[i]`."""

    wh: Ints
    kinds: Ints

    @property
    def count(self) -> int:
        """Return how many days there are."""
        return len(self.kinds)


NO_DAYS: Final = Days(np.zeros((0, HOURS), dtype=np.int64), np.zeros(0, dtype=np.int64))


def hours_of(curve: PackedCurve, zone: ZoneInfo) -> dict[date, Ints]:
    """Return the Wh of each local hour by day; nothing of a curve that cannot be read, only days that are whole.

    An hour that a spring day has not is 0, the double one of autumn counts as one: such days are two a year.
    """
    try:
        values = unpack(curve.values)
    except NotPacked:
        return {}
    if max(values, default=0) > SLOT_WH_MAX:
        return {}
    start = curve.start.astimezone(UTC)
    end = start + timedelta(minutes=curve.minutes * len(values))
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.utcoffset() == last.utcoffset() and not (first.hour or first.minute) and curve.minutes in (15, 30, 60):
        a_day = HOURS * 60 // curve.minutes
        whole = len(values) // a_day
        wh = np.array(values[: whole * a_day], dtype=np.int64).reshape(whole, HOURS, -1).sum(axis=2)
        return {first.date() + timedelta(days=i): wh[i] for i in range(whole)}
    return _by_slot(values, start, curve.minutes, zone)


def _by_slot(values: Sequence[int], start: datetime, minutes: int, zone: ZoneInfo) -> dict[date, Ints]:
    found: dict[date, Ints] = {}
    slots: dict[date, int] = {}
    at = start
    for value in values:
        local = at.astimezone(zone)
        day = local.date()
        if day not in found:
            found[day], slots[day] = np.zeros(HOURS, dtype=np.int64), 0
        found[day][local.hour] += value
        slots[day] += minutes
        at += timedelta(minutes=minutes)
    least = (HOURS - 1) * 60
    return {day: wh for day, wh in found.items() if slots[day] >= least}


def days_of(hours: dict[date, Ints], from_: date, to: date, calendar: Calendar) -> Days:
    """Return the days of [from_, to) that are there, with their kinds."""
    mine = sorted(day for day in hours if from_ <= day < to)
    if not mine:
        return NO_DAYS
    kinds = np.array([_kind(day, calendar) for day in mine], dtype=np.int64)
    return Days(np.stack([hours[day] for day in mine]), kinds)


def _kind(day: date, calendar: Calendar) -> int:
    try:
        return WORKING if calendar.is_business_day(day) else OFF
    except YearUnknown:
        return UNKNOWN
