"""Supply that is cut (停电) and restored, as reading tells it: on which days nothing can be used at a point. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

CUT: Final = "cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A point was cut or restored at an instant, on a civil day, by an order."""

    order_no: str
    action: str
    switched_at: datetime
    switched_on: date


@dataclass(frozen=True, slots=True)
class Cuts:
    """The spans of days on which a point was cut, first to last: from the day of the cut to that of the restoring, or open."""

    spans: tuple[tuple[date, date | None], ...] = ()

    def days(self, from_: date, to: date) -> int:
        """Return how many days of the period [from_, to) it was cut."""
        found = 0
        for begin, end in self.spans:
            found += max((min(to, end or to) - max(from_, begin)).days, 0)
        return found

    def covers(self, from_: date, to: date) -> bool:
        """Return whether it was cut on every day of the period: that nothing was used says nothing."""
        return self.days(from_, to) == (to - from_).days


NO_CUTS: Final = Cuts()


def cuts_of(switches: Iterable[Switch]) -> Cuts:
    """Return the spans that follow from the switches of a point, in whatever order they were told.

    The day of a cut counts as cut, that of a restoring as supplied: a read at the day of the cut closes the period before it.
    """
    spans: list[tuple[date, date | None]] = []
    begun: date | None = None
    for switch in sorted(switches, key=lambda each: (each.switched_at, each.order_no)):
        if switch.action == CUT:
            begun = begun or switch.switched_on
        elif begun is not None:
            spans.append((begun, switch.switched_on))
            begun = None
    return Cuts((*spans, *([(begun, None)] if begun else [])))
