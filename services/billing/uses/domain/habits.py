"""How a point uses electricity now, and how it did before: level, shape and calendar, in integers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from services.billing.usages.domain import Usage
from services.billing.uses.domain.loads import OFF, WORKING, Days, days_of, hours_of
from services.billing.uses.domain.policy import PER_WEEK, Profile, Uses
from shared.arrays import Ints
from shared.business_calendar import Calendar, YearUnknown

IMPORT: Final = "import"
YEAR: Final = timedelta(days=365)
_FINE: Final = 1000  # mWh: a mean over days keeps its remainder


@dataclass(frozen=True, slots=True)
class Month:
    """A usage as the level sees it: Wh of [from_, to), and how many permille of its days were business days (None: unknown)."""

    from_: date
    to: date
    wh: int
    working_permille: int | None

    @property
    def days(self) -> int:
        """Return its days."""
        return (self.to - self.from_).days


@dataclass(frozen=True, slots=True)
class Shape:
    """Mean mWh by hour of business days and of other days, over so many days; and each day's hours."""

    mean: Ints
    days: Days

    def as_profile(self) -> Profile:
        """Return it as a profile, to compare with."""
        return Profile(self.mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is known of a point: its recent days [from_, to) beside what came before under the same contract.

    A shape is None where there are too few whole days of a curve of both kinds. `level` and `past_level`: Wh a day; the past is
    that of the same season a year ago where it is known, else of all that came before.
    """

    customer_class: str
    from_: date
    to: date
    months: Sequence[Month]
    level: int
    past_level: int | None
    past_of_season: bool
    shape: Shape | None
    past_shape: Shape | None


def habits_of(
    usages: Sequence[Usage], customer_class: str, *, uses: Uses, zone: ZoneInfo, calendar: Calendar
) -> Habits | None:
    """Return the habits of a point by its usages in force, None where it has none that was measured: estimates say nothing."""
    measured = sorted(
        (each for each in usages if not each.estimated and not each.withdrawn), key=lambda u: u.period_from
    )
    if not measured:
        return None
    to = measured[-1].period_to
    begins = to - timedelta(days=uses.recent_days)
    recent = [each for each in measured if each.period_to > begins]
    from_ = min(each.period_from for each in recent)
    months = [_month(each, calendar) for each in measured]
    now = [month for month in months if month.from_ >= from_]
    before = [month for month in months if month.to <= from_]
    past, seasonal = _past(before, from_, to)
    curves = [curve for each in measured for curve in each.curves if curve.quantity == IMPORT]
    hours = {day: wh for curve in curves for day, wh in hours_of(curve, zone).items()}
    first = measured[0].period_from
    return Habits(
        customer_class=customer_class,
        from_=from_,
        to=to,
        months=months,
        level=sum(month.wh for month in now) // max(sum(month.days for month in now), 1),
        past_level=past,
        past_of_season=seasonal,
        shape=_shape(days_of(hours, from_, to, calendar), uses.whole_days_min),
        past_shape=_shape(days_of(hours, first, from_, calendar), uses.whole_days_min),
    )


def _month(usage: Usage, calendar: Calendar) -> Month:
    days = (usage.period_to - usage.period_from).days
    try:
        working = sum(calendar.is_business_day(usage.period_from + timedelta(days=i)) for i in range(days))
    except YearUnknown:
        return Month(usage.period_from, usage.period_to, usage.import_wh, None)
    return Month(usage.period_from, usage.period_to, usage.import_wh, 1000 * working // max(days, 1))


def _past(before: Sequence[Month], from_: date, to: date) -> tuple[int | None, bool]:
    """Return the Wh a day of what came before, and whether that is of the same season: usages whose middle lies in it."""
    season = [month for month in before if from_ - YEAR <= month.from_ + timedelta(days=month.days // 2) < to - YEAR]
    for months, seasonal in ((season, True), (before, False)):
        days = sum(month.days for month in months)
        if 2 * days >= (to - from_).days:
            return sum(month.wh for month in months) // days, seasonal
    return None, False


def _shape(days: Days, least: int) -> Shape | None:
    kinds = (WORKING, OFF)
    if days.count < least or not all((days.kinds == kind).any() for kind in kinds):
        return None
    mean = np.stack([_FINE * days.wh[days.kinds == k].sum(axis=0) // int((days.kinds == k).sum()) for k in kinds])
    return Shape(mean, days) if int(mean.sum()) else None


def week(mean: Ints) -> Ints:
    """Return the shares of the 48 hours of both kinds of days in a plain week, in millionths."""
    weighed = mean * np.array(PER_WEEK, dtype=np.int64)[:, None]
    return 1_000_000 * weighed // max(int(weighed.sum()), 1)
