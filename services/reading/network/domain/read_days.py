"""Read days (抄表例日) with their dates: on which day of which months a route is read, from which cycle on. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

FIRST: Final = "0001-01"
"""The cycle of the first row of a route: from its first cycle on, whichever that is."""
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
    """The plan of a route, and those of its points that are read on other days than it (例外), by point."""

    route: Plan
    exceptions: Mapping[str, Plan]

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
def then(plan: Plan, day: ReadDay) -> Plan:
    """Return a plan that goes on with a read day; what it had from that cycle on holds no more.

    So the plan of a point is that of its route, and then its own read days.
    """
    return (*(each for each in plan if each.from_cycle < day.from_cycle), day)
