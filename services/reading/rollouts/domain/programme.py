"""Roll-outs of meters (换装工程): programmes with the points that they plan, and how far they have come. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

State = Literal["planned", "done", "failed", "fitted_before"]
"""计划, 已换装, 换装失败, 工程前已装."""
PLANNED, DONE, FAILED, FITTED_BEFORE = "planned", "done", "failed", "fitted_before"
PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """A roll-out: so many points of an org unit, or of some of its routes, get meters of a type from a day to another."""

    programme_no: str
    org_unit: str
    route_nos: tuple[str, ...]
    meter_type: str
    planned_count: int
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPoint:
    """A point of a programme, and by what day it is to have its new meter. `withdrawn_for`: it is planned no more, and why.

    `replanned_on`: the day on which it was last planned for another day, or again; what failed by then counts no more.
    """

    programme_no: str
    service_point_no: str
    planned_on: date
    withdrawn_for: str | None = None
    replanned_on: date | None = field(default=None, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """The natural key."""
        return self.programme_no, self.service_point_no


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """That the meter of a planned point could not be exchanged on a day; `reason`: a code of the policy."""

    programme_no: str
    service_point_no: str
    failed_on: date
    reason: str

    @property
    def key(self) -> tuple[str, str, date]:
        """The natural key."""
        return self.programme_no, self.service_point_no, self.failed_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What was planned, done and failed in a month."""

    month: str
    planned: int
    done: int
    failed: int


Days = Iterable[tuple[date, int]]
"""How many of something, by day."""


def by_month(planned: Days, done: Days, failed: Days) -> list[Month]:
    """Return the months in which something was to be done, was done, or failed."""
    sums: dict[str, list[int]] = {}
    for place, days in enumerate((planned, done, failed)):
        for day, count in days:
            sums.setdefault(f"{day:%Y-%m}", [0, 0, 0])[place] += count
    return [Month(month=month, planned=own[0], done=own[1], failed=own[2]) for month, own in sorted(sums.items())]


def permille(part: int, whole: int) -> int:
    """Return how many of a thousand, rounded down; 0 of none."""
    return PERMILLE * part // whole if whole else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The points of an org unit with a meter, and how many of them are read remotely (远程采集)."""

    org_unit: str
    points: int
    remote: int


def with_below(shares: Iterable[Share]) -> list[Share]:
    """Return the shares of org units and of all that they are below of, each with all below it, in their order."""
    sums: dict[str, list[int]] = {}
    for each in shares:
        parts = each.org_unit.split("/")
        for depth in range(1, len(parts) + 1):
            own = sums.setdefault("/".join(parts[:depth]), [0, 0])
            own[0] += each.points
            own[1] += each.remote
    return [Share(org_unit=unit, points=own[0], remote=own[1]) for unit, own in sorted(sums.items())]
