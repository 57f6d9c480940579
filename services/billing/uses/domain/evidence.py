"""What the detectors measure: each figure with what it is compared to, in which hours and on which days. Pure.

All figures are permille. A figure is None where what it needs is not known: its weight then lowers the confidence of a score.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from services.billing.uses.domain.habits import Habits, Month, Shape, week
from services.billing.uses.domain.loads import HOURS, OFF, WORKING
from services.billing.uses.domain.policy import HOME, Profile, Ramp, Uses
from shared.arrays import Ints

CLASS_PROFILE: Final = "class_profile"
CLASS_LEVEL: Final = "class_level"
OWN_PAST: Final = "own_past"
OWN_PAST_SEASON: Final = "own_past_of_season"
OWN_HOURS: Final = "own_hours"
NEIGHBOUR_MONTHS: Final = "neighbour_months"
LIMIT: Final = "limit"
ALL, WORKING_DAYS, OFF_DAYS = "all", "business_days", "days_off"
_DAYS: Final = {WORKING: WORKING_DAYS, OFF: OFF_DAYS}
FAR: Final = 1000 * HOURS
"""No share of a mean is greater; levels against nothing are as far as a figure goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured permille: compared with `expected` as `against` says; `hours` [from, to) of `days` are looked at."""

    value: int
    expected: int
    against: str
    days: str = ALL
    hours: tuple[int, int] | None = None

    @property
    def beyond(self) -> int:
        """Return by how much the value is above what is expected."""
        return self.value - self.expected


@dataclass(frozen=True, slots=True)
class Evidence:
    """A figure, and what it gives to the score of its detector."""

    name: str
    figure: Figure
    points: int
    weight: int

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and shown."""
        figure = self.figure
        return {
            "what": self.name,
            "value": figure.value,
            "expected": figure.expected,
            "against": figure.against,
            "days": figure.days,
            "hours": list(figure.hours) if figure.hours else None,
            "points": self.points,
            "weight": self.weight,
        }


def weigh(name: str, figure: Figure | None, ramp: Ramp) -> Evidence | None:
    """Return what a figure gives by its ramp, None where it is not known."""
    return None if figure is None else Evidence(name, figure, ramp.points(figure.beyond), ramp.weight)


def level_of_class(habits: Habits, uses: Uses) -> Figure | None:
    """Compare Wh a day with what a home of the class uses."""
    typical = uses.typical_wh_a_day[habits.customer_class]
    return Figure(value=min(1000 * habits.level // typical, FAR), expected=1000, against=CLASS_LEVEL)


def level_of_past(habits: Habits) -> Figure | None:
    """Compare Wh a day with the own past: of the season a year ago, or else of all before."""
    if habits.past_level is None:
        return None
    value = min(1000 * habits.level // max(habits.past_level, 1), FAR)
    return Figure(value=value, expected=1000, against=OWN_PAST_SEASON if habits.past_of_season else OWN_PAST)


def like(shape: Shape | None, profile: Profile, base: Profile | None, against: str) -> Figure | None:
    """Return how much of the use goes like a profile, where the rest of it goes like `base`, by least squares.

    The hours are those of a business day in which most is used beyond the base, in one piece.
    """
    if shape is None or base is None:
        return None
    now, part, rest = week(shape.mean), week(profile.wh), week(base.wh)
    towards, over = part - rest, now - rest
    scale = int((towards * towards).sum()) // 1000
    value = int((towards * over).sum()) // max(scale, 1)
    hours = _most(over[WORKING])
    return Figure(value=min(max(value, 0), 1000), expected=0, against=against, days=WORKING_DAYS, hours=hours)


def unlike(shape: Shape | None, profile: Profile) -> Figure | None:
    """Return which share of the use is at other hours than by a profile."""
    if shape is None:
        return None
    over = week(shape.mean) - week(profile.wh)
    return Figure(value=int(np.abs(over).sum()) // 2000, expected=0, against=CLASS_PROFILE, hours=_most(over[WORKING]))


def _most(over: Ints) -> tuple[int, int]:
    """Return the piece of a day, hours [from, to), in which a difference sums to most."""
    best, found, total, start = 0, (0, HOURS), 0, 0
    for hour, each in enumerate(over.tolist()):
        if total <= 0:
            total, start = 0, hour
        total += each
        if total > best:
            best, found = total, (start, hour + 1)
    return found


def share(shape: Shape | None, hours: tuple[int, int], kind: int, home: Profile) -> Figure | None:
    """Compare the share of a day's use in hours with that of a home."""
    if shape is None:
        return None
    value = shape.as_profile().share(kind, hours)
    return Figure(value=value, expected=home.share(kind, hours), against=CLASS_PROFILE, days=_DAYS[kind], hours=hours)


def days_off(shape: Shape | None, home: Profile) -> Figure | None:
    """Compare what is used on days off, in permille of business days, with a home: below it, people are at work elsewhere."""
    if shape is None:
        return None
    return Figure(value=_off(shape.mean), expected=_off(home.wh), against=CLASS_PROFILE, days=OFF_DAYS)


def _off(mean: Ints) -> int:
    return min(1000 * int(mean[OFF].sum()) // max(int(mean[WORKING].sum()), 1), FAR)


def night_base(shape: Shape | None, hours: tuple[int, int]) -> Figure | None:
    """Return the least hour of the night in permille of the mean hour of all days."""
    if shape is None:
        return None
    of_all = shape.days.wh.sum(axis=0)
    value = HOURS * 1000 * int(of_all[slice(*hours)].min()) // max(int(of_all.sum()), 1)
    return Figure(value=value, expected=0, against=OWN_HOURS, hours=hours)


def evenness(shape: Shape | None) -> Figure | None:
    """Return the highest hour of a day in permille of its mean hour, over all days: low where many live, or nobody."""
    if shape is None:
        return None
    wh = shape.days.wh
    value = HOURS * 1000 * int(wh.max(axis=1).sum()) // max(int(wh.sum()), 1)
    return Figure(value=value, expected=1000, against=OWN_HOURS)


def quiet_days(shape: Shape | None, wh: int) -> Figure | None:
    """Return the share of days that used no more than so many Wh."""
    if shape is None:
        return None
    quiet = int((shape.days.wh.sum(axis=1) <= wh).sum())
    return Figure(value=1000 * quiet // shape.days.count, expected=0, against=LIMIT)


def low_months(habits: Habits, uses: Uses) -> Figure | None:
    """Return how many months in a row, up to now, were below the low level of the class, in thousandths of a month."""
    limit = uses.low_month_permille * uses.typical_wh_a_day[habits.customer_class] // 1000
    days = 0
    for month in reversed(habits.months):
        if month.wh > limit * month.days:
            break
        days += month.days
    return Figure(value=1000 * days // 30, expected=0, against=LIMIT)


def month_of_holidays(habits: Habits) -> Figure | None:
    """Compare Wh a day of the month with most days off with the months beside it, for what the season does to both.

    The share of business days must differ by 100 permille at least: other months say nothing.
    """
    months = list(habits.months)
    found: list[tuple[int, date, Month, int]] = []
    for before, one, after in zip(months, months[1:], months[2:], strict=False):
        if before.working_permille is None or one.working_permille is None or after.working_permille is None:
            continue
        if before.to != one.from_ or one.to != after.from_:
            continue
        fewer = (before.working_permille + after.working_permille) // 2 - one.working_permille
        if fewer >= 100:
            beside = (before.wh + after.wh) // max(before.days + after.days, 1)
            found.append((fewer, one.from_, one, beside))
    if not found:
        return None
    _, _, one, beside = max(found, key=lambda each: each[:2])
    value = min(1000 * one.wh // max(one.days, 1) // max(beside, 1), FAR)
    return Figure(value=value, expected=1000, against=NEIGHBOUR_MONTHS, days=OFF_DAYS)


def home(uses: Uses) -> Profile:
    """Return the profile of a home."""
    return uses.profiles[HOME]
