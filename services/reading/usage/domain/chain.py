"""The successive periods of one service point, and what a read that comes late, is better or is corrected changes in them.

The ends of periods are boundaries with registers; usages are the differences between them. To change a read is to put other
registers at one boundary: only the periods around it change, and they still telescope.
"""

from collections.abc import Sequence
from datetime import date

from services.reading.estimation.domain import alignment
from services.reading.network.domain import energy, registers
from services.reading.network.domain.energy import Boundary, Measured
from services.reading.network.domain.installations import Installation


class Backward(Exception):
    """Registers would run backwards by more than a roll-over explains; `quantities` names them where they are known."""

    def __init__(self, quantities: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.quantities = quantities


def place(
    boundaries: Sequence[Boundary], installations: Sequence[Installation], face: Boundary, daily_kwh_max: int
) -> list[Boundary]:
    """Return the boundaries with the registers that were read at `face.on`, and the estimates aligned with them.

    `boundaries` end successive periods; `face` is put in the place of the one of its date, or after the last. Roll-over is
    judged against the last known registers of the meter. Raises `Backward`.
    """
    before = [boundary for boundary in boundaries if boundary.on < face.on]
    after = [boundary for boundary in boundaries if boundary.on > face.on]
    meter = next(i for i in installations if i.meter_no == face.meter_no and i.from_ <= face.on)
    known = [b for b in before if b.known and b.meter_no == face.meter_no and b.on >= meter.from_]
    left, left_on = (known[-1].counts, known[-1].on) if known else (meter.opening, meter.from_)
    days = (face.on - left_on).days
    counts, backward = registers.unwrap(meter.registers, left, face.counts, daily_kwh_max, days)
    if backward:
        raise Backward(backward)
    try:
        return alignment.align([*before, Boundary(face.on, face.meter_no, counts), *after], installations)
    except alignment.Contradiction:
        raise Backward from None


def measure(
    boundaries: Sequence[Boundary],
    installations: Sequence[Installation],
    start_on: date,
    start: Boundary | None,
    daily_kwh_max: int,
) -> list[Measured]:
    """Return the usage of each period; the first begins at `start_on`, with its opening registers where `start` is None."""
    found = []
    for boundary in boundaries:
        found.append(
            energy.measure(installations, start_on, start, boundary, daily_kwh_max=daily_kwh_max, end_is_face=False)
        )
        start_on, start = boundary.on, boundary
    return found
