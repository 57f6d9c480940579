"""Plain values of reading: a meter, and boundaries with its registers."""

from datetime import date

from services.reading.network.domain.energy import Boundary
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Register

FACES = (Register("import", 6, 0),)
JAN, FEB, MAR, APR, MAY = (date(2026, month, 1) for month in range(1, 6))
OLD = Installation(meter_no="OLD", from_=JAN, to=None, registers=FACES, opening=(100,), closing=None)


def known(on: date, count: int, meter: str = "OLD") -> Boundary:
    """A boundary that was read."""
    return Boundary(on, meter, (count,))


def estimate(on: date, count: int, meter: str = "OLD") -> Boundary:
    """A boundary that was estimated."""
    return Boundary(on, meter, (count,), known=False)
