"""Read days (抄表例日) with their dates: on which day of which months a route is read, from which cycle on. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

FIRST: Final = "0001-01"
"""The cycle of the first row of a route: from its first cycle on, whichever that is."""
AS_ROUTE: Final = 0
"""The read day of a row of a point that is read with its route again."""
PLANS_MAX = 4096  # plans that are kept: an installation has a few for each day of the month


@dataclass(frozen=True, slots=True)
class ReadDay:
    """From a cycle on: read on this day, the last of a month that has fewer, every `months` months, `first_month` the first of
    them in a year."""

    from_cycle: str
    read_day: int
    months: int
    first_month: int


Plan = tuple[ReadDay, ...]
"""The read days of a route or of a point, in the order of their cycles; each holds up to the next one."""


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan of a route, and those of its points that are read on other days than it (例外), by point.

    `own`: the rows of these points.
    """

    route: Plan
    exceptions: Mapping[str, Plan]
    own: Mapping[str, Plan]

    def of(self, service_point_no: str) -> Plan:
        """Return the plan of a point of the route."""
        return self.exceptions.get(service_point_no, self.route)

    def all(self) -> Iterator[tuple[Plan, list[str]]]:
        """Yield that of the route, then each other one with its points."""
        yield self.route, []
        members: dict[Plan, list[str]] = {}
        for point, plan in self.exceptions.items():
            members.setdefault(plan, []).append(point)
        yield from members.items()


@lru_cache(PLANS_MAX)
def of_point(route: Plan, own: Plan) -> Plan:
    """Return the plan of a point: that of its route, but from the cycle of each row of its own on that one.

    A row of its own may say that the point is read with its route again (`AS_ROUTE`).
    """
    plan = route
    for each in own:
        since: Plan = (each,)
        if each.read_day == AS_ROUTE:
            since = tuple(replace(day, from_cycle=max(day.from_cycle, each.from_cycle)) for day in _since(route, each))
        plan = (*(day for day in plan if day.from_cycle < each.from_cycle), *since)
    return plan


def in_force(plan: Plan, cycle: str) -> ReadDay | None:
    """Return the row of a plan, or of the rows of a point's own, that holds for a cycle."""
    return next((each for each in reversed(plan) if each.from_cycle <= cycle), None)


def _since(route: Plan, day: ReadDay) -> Plan:
    there = in_force(route, day.from_cycle)
    assert there is not None, "the first row of a route is from its first cycle on"
    return route[route.index(there) :]
