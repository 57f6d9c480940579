"""Usages (用电量) as billing keeps them, and their totals by route and cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.billing.supplies.domain import NO_CUTS, Cuts


@dataclass(frozen=True, slots=True)
class PackedCurve:
    """A load curve of one quantity over the whole period, as it came."""

    quantity: str
    start: datetime
    minutes: int
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One version of a service point's usage of a period, as it was recorded.

    It is in force while none of a higher version shares a day with it, unless it is withdrawn: that one only says that its
    period is no more. `energy` is Wh, `demand` W, both by quantity. `told_on`: the business date on which reading
    told a late one. It is, or is a part of, the reading cycle [`cycle_from`, `read_date`); None: that was not told, and the
    period is taken for the cycle.
    """

    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    read_date: date
    period_from: date
    period_to: date
    version: int
    energy: Mapping[str, int]
    import_wh: int
    demand: Mapping[str, int] = field(default_factory=dict)
    curves: Sequence[PackedCurve] = ()
    months: int = 1
    told_on: date | None = None
    cycle_from: date | None = None
    withdrawn: bool = False
    estimated: bool = False
    estimates_in_a_row: int = 0
    settles_estimate: bool = False
    meters: int = 1
    """How many meters measured it, one after the other."""
    installed_on: Sequence[date] = ()
    """The days on which these were installed, as far as that was told."""
    replaces_reason: str = ""
    findings: Sequence[str] = ()
    actors: Sequence[str] = ()

    @property
    def days(self) -> tuple[str, date, date]:
        """Return its service point, its first day, and the day after its last."""
        return self.service_point_no, self.period_from, self.period_to

    def shares_a_day(self, period_from: date, period_to: date) -> bool:
        """Return whether a day of the half-open period belongs to the usage."""
        return self.period_from < period_to and period_from < self.period_to


@dataclass(frozen=True, slots=True)
class Totals:
    """Version-1 usages of a route and cycle, and the sum of their `import` in Wh.

    `estimated` of them are estimates, and the longest has so many `months`: a route reports neither, so they are not compared.
    """

    usages: int
    sum_wh: int
    estimated: int = field(default=0, compare=False)
    months: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Zeros:
    """The days [since, until) on which nothing was used, as meters that were read show, and how many months these are."""

    since: date
    until: date
    months: int


def zeros(usages: Sequence[Usage], supplied_from: date, cuts: Cuts = NO_CUTS) -> Zeros | None:
    """Return the last cycles in a row without any energy; an estimate, a gap, or energy in any register ends the row.

    `usages`: those in force at the point. What was estimated proves nothing, whatever it says. A period over which the point was
    `cuts` proves nothing either: it does not count, and the row goes on over it.
    """
    months: dict[str, int] = {}
    since = until = None
    for usage in sorted(usages, key=lambda each: each.period_from, reverse=True):
        if usage.period_from < supplied_from or (since is not None and usage.period_to != since):
            break
        if usage.estimated or usage.import_wh or any(usage.energy.values()):
            break
        since, until = usage.period_from, until or usage.period_to
        if not cuts.covers(usage.period_from, usage.period_to):
            months[usage.cycle] = max(months.get(usage.cycle, 0), usage.months)
    if since is None or until is None:
        return None
    return Zeros(since, until, sum(months.values()))
