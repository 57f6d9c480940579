"""The days on which a meter stands somewhere, so that its reads count."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.reading.network.domain.installations import Placement
from shared import civil

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of a meter, first and last included."""

    meter_no: str
    first: date
    last: date

    def without(self, other: "Stretch") -> list["Stretch"]:
        """Return what is left of these days."""
        if self.meter_no != other.meter_no or self.last < other.first or other.last < self.first:
            return [self]
        parts = (
            Stretch(self.meter_no, self.first, other.first - DAY),
            Stretch(self.meter_no, other.last + DAY, self.last),
        )
        return [part for part in parts if part.first <= part.last]


def days_of(placement: Placement) -> Stretch:
    """Return the days whose reads count where the meter stands: from its installation to its removal, both included."""
    return Stretch(placement.meter_no, placement.installed_on, placement.removed_on or civil.END)


def lost(before: Iterable[Placement], after: Sequence[Placement]) -> list[Stretch]:
    """Return the days that were covered by an installation and are not any more; `after` has all there are of these meters."""
    left = [days_of(placement) for placement in before]
    for now in map(days_of, after):
        left = [part for each in left for part in each.without(now)]
    return left
