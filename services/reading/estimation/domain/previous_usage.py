"""Estimate by the previous usage (暂按前次用电量计收; 供电营业规则): the daily average of the period before, times the days.

The estimate is a register value, so the difference to the next actual read settles it by itself (一并结清).
"""

from collections.abc import Mapping, Sequence
from datetime import date

from services.reading.network.domain import energy
from services.reading.network.domain.energy import Boundary
from services.reading.network.domain.installations import Installation

UNLIMITED_DAILY_KWH = 10**9  # closing registers of a removed meter were checked when it was removed


def estimate(
    installations: Sequence[Installation],
    start_on: date,
    start: Boundary | None,
    end_on: date,
    previous_wh: Mapping[str, int],
    previous_days: int,
) -> Boundary | None:
    """Return the estimated registers at `end_on`, or None where no meter is installed then.

    `previous_wh` is the energy of the previous period by quantity, which lasted `previous_days` > 0. What another meter ran in
    this period before an exchange is known and is subtracted. Whole counts, rounded down.
    """
    current = [i for i in installations if i.from_ <= end_on and (i.to is None or i.to > end_on)]
    if not current:
        return None
    meter = current[-1]
    goes_on = start is not None and start.meter_no == meter.meter_no
    opening = start.counts if goes_on and start is not None else meter.opening
    known: dict[str, int] = {}
    if not goes_on:
        before = [i for i in installations if i is not meter]
        removed = energy.measure(before, start_on, start, Boundary(end_on, "", ()), daily_kwh_max=UNLIMITED_DAILY_KWH)
        known = removed.energy_wh
    days = (end_on - start_on).days
    counts = []
    for register, count in zip(meter.registers, opening, strict=True):
        expected_wh = previous_wh.get(register.quantity, 0) * days // previous_days
        counts.append(count + register.counts_of(max(0, expected_wh - known.get(register.quantity, 0))))
    return Boundary(end_on, meter.meter_no, tuple(counts), known=False)
