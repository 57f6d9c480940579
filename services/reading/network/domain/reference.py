"""Reference data: what the utility has put under its own numbers."""

from dataclasses import dataclass

from services.reading.network.domain import registers
from services.reading.network.domain.registers import Face, Registers


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A reading route (抄表段) with the read day (抄表例日) that it was last given, the last of a month that has fewer days.

    It is read every `months` months; `first_month` is the first of them in a year.
    """

    route_no: str
    org_unit: str
    read_day: int
    months: int
    first_month: int

    def is_read_as(self, other: "Route") -> bool:
        """Return whether both are read on the same day of the same months."""
        return (self.read_day, self.months, self.first_month) == (other.read_day, other.months, other.first_month)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePoint:
    """Where energy is delivered. `connection_kw`: the most that its connection can carry, where it is known.

    `walk_order`: its place on the way of who reads the route; `access_notes`: what that person should know, as codes of the
    utility's own (never names or free words: they are on the sheet of the route, and nowhere else).
    """

    service_point_no: str
    route_no: str
    org_unit: str
    connection_kw: int | None
    walk_order: int | None = None
    access_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter as it was put, with its faces; `numerator / denominator` is its multiplier.

    `meter_type`: a code of the utility's own (表计类型), where it says one.
    """

    meter_no: str
    org_unit: str
    faces: tuple[Face, ...]
    numerator: int
    denominator: int
    meter_type: str | None = None

    def registers(self) -> Registers:
        """Return the registers; raises `Refused` (`registers.check`) where no meter can have them."""
        made = registers.made(self.faces, self.numerator, self.denominator)
        registers.check(made)
        return made

    def measures_as(self, other: "Meter") -> bool:
        """Return whether both count alike."""
        return (self.faces, self.numerator, self.denominator) == (other.faces, other.numerator, other.denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device or head-end (采集主站): pushes for one meter, or for all meters of its org unit and below."""

    device_id: str
    org_unit: str
    meter_no: str | None
    active: bool
