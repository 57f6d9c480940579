"""Meters on their service points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.network.domain.registers import Counts, Registers
from shared.frozen import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A meter on a point over [installed_on, removed_on), with registers of its own and what they showed at both ends."""

    service_point_no: str
    meter_no: str
    installed_on: date
    removed_on: date | None
    registers: Registers
    opening: Counts
    closing: Counts | None

    @property
    def key(self) -> tuple[str, date]:
        """The natural key: meter and day of installation."""
        return self.meter_no, self.installed_on

    def overlaps(self, other: "Placement") -> bool:
        """Return whether both hold on some day."""
        return (self.removed_on is None or other.installed_on < self.removed_on) and (
            other.removed_on is None or self.installed_on < other.removed_on
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PointDay:
    """A service point that is to be read for a day: a meter was there before it."""

    service_point_no: str
    route_no: str
    org_unit: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDay:
    """A day on which a route is to be read; `since` is the one before it."""

    route_no: str
    since: date
    day: date


@document
class Installation:
    """A meter on its service point over [from, to). Faces at both ends, as they were read there."""

    meter_no: str
    from_: date
    to: date | None
    registers: Registers
    opening: Counts
    closing: Counts | None

    @property
    def key(self) -> tuple[str, date]:
        """The natural key: the same meter back on the same point is another installation."""
        return self.meter_no, self.from_

    def stands_on(self, day: date) -> bool:
        """Return whether its face can be read on a day: also on that of its removal, whose read is still its own."""
        return self.from_ <= day and (self.to is None or day <= self.to)


def first_day(installations: Sequence[Installation]) -> date:
    """Return the day at which the first period of a point begins: its first opening register."""
    return min(installation.from_ for installation in installations)
