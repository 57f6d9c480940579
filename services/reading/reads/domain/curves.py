"""Day curves (负荷曲线): half-hour or quarter-hour energies of a meter over a local day."""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

INTERVALS: Final = (15, 30)
UNIT: Final = "Wh"


class CurveKey(NamedTuple):
    """The natural key of a curve."""

    meter_no: str
    day: date
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Energies in Wh per interval of a local day, multiplier applied; None where one is missing."""

    meter_no: str
    day: date
    quantity: str
    interval_minutes: int
    values: tuple[int | None, ...]

    @property
    def key(self) -> CurveKey:
        """The natural key."""
        return CurveKey(self.meter_no, self.day, self.quantity)

    @property
    def missing(self) -> int:
        """The number of intervals without a value."""
        return self.values.count(None)

    def fills(self, old: "Curve") -> bool:
        """Return whether this is another curve with its gaps filled, and nothing else changed."""
        same_form = self.interval_minutes == old.interval_minutes and len(self.values) == len(old.values)
        return same_form and all(a in (None, b) for a, b in zip(old.values, self.values, strict=True))
