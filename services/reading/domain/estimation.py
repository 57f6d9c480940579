"""Estimates (估抄): a register value where there was no read, and how later reads settle it.

Rules:

1. *Previous usage* (暂按前次用电量计收; 供电营业规则): the daily average of the period before, times the days. The estimate is a
   register value, so the difference to the next actual read settles it by itself (一并结清).
2. An estimate is aligned with the registers (`align`): where the next known register lies below it, the true difference
   between the known registers around it is spread by days, and the periods that this changes get their next version.
3. A limit on estimates in a row; beyond it a read is missed, not estimated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from services.reading.domain import usage
from services.reading.domain.registers import Counts
from services.reading.domain.usage import Boundary, Installation
from services.reading.domain.validation import History

METHOD = "previous_usage"


def previous_usage(
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
        removed = usage.measure(before, start_on, start, Boundary(end_on, "", ()), daily_kwh_max=UNLIMITED_DAILY_KWH)
        known = removed.energy_wh
    days = (end_on - start_on).days
    counts = []
    for register, count in zip(meter.registers, opening, strict=True):
        expected_wh = previous_wh.get(register.quantity, 0) * days // previous_days
        counts.append(count + register.counts_of(max(0, expected_wh - known.get(register.quantity, 0))))
    return Boundary(end_on, meter.meter_no, tuple(counts), known=False)


UNLIMITED_DAILY_KWH = 10**9  # closing registers of a removed meter were checked when it was removed


class Contradiction(Exception):
    """Known registers go backwards between themselves: there is nothing to spread."""


def align(boundaries: Sequence[Boundary], installations: Sequence[Installation]) -> list[Boundary]:
    """Return the boundaries with each estimated one between the known registers around it.

    `boundaries` are those of successive periods, cumulative, the first known (or the only one of its meter). Estimates that lie
    in order between their known neighbours stay as they are; otherwise all of that run are spread by days, whole counts
    rounded down. An estimate after the last known registers is at least as high as those. Removal registers of a meter are
    known registers. Raises `Contradiction` where known registers go backwards.
    """
    result = list(boundaries)
    by_meter = {installation.meter_no: installation for installation in installations}
    i = 0
    while i < len(result):
        if result[i].known:
            i += 1
            continue
        stop = i
        while stop < len(result) and not result[stop].known and result[stop].meter_no == result[i].meter_no:
            stop += 1
        left = _left(result, i, by_meter[result[i].meter_no])
        right = _right(result, stop, by_meter[result[i].meter_no], left)
        result[i:stop] = _spread(left, result[i:stop], right)
        i = stop
    return result


def _left(boundaries: Sequence[Boundary], i: int, meter: Installation) -> Boundary:
    if i and boundaries[i - 1].meter_no == meter.meter_no:
        return boundaries[i - 1]
    return Boundary(meter.from_, meter.meter_no, meter.opening)


def _right(boundaries: Sequence[Boundary], stop: int, meter: Installation, left: Boundary) -> Boundary | None:
    if stop < len(boundaries) and boundaries[stop].meter_no == meter.meter_no:
        return boundaries[stop]
    if meter.to is None or meter.closing is None:
        return None
    turns = [count - count % register.modulus for register, count in zip(meter.registers, left.counts, strict=True)]
    return Boundary(meter.to, meter.meter_no, tuple(t + c for t, c in zip(turns, meter.closing, strict=True)))


def _ordered(low: Counts, high: Counts) -> bool:
    return all(a <= b for a, b in zip(low, high, strict=True))


def _spread(left: Boundary, run: Sequence[Boundary], right: Boundary | None) -> list[Boundary]:
    if right is None:
        raised, floor = [], left.counts
        for boundary in run:
            floor = tuple(map(max, boundary.counts, floor))
            raised.append(replace(boundary, counts=floor))
        return raised
    if not _ordered(left.counts, right.counts):
        raise Contradiction
    chain = [left, *run, right]
    if all(_ordered(a.counts, b.counts) for a, b in pairwise(chain)):
        return list(run)
    days = (right.on - left.on).days
    return [
        replace(
            boundary,
            counts=tuple(
                a + (b - a) * (boundary.on - left.on).days // days
                for a, b in zip(left.counts, right.counts, strict=True)
            ),
        )
        for boundary in run
    ]


def history(energy_wh: Mapping[str, int], days: int) -> History | None:
    """Return the comparison figure of a period, or None where it had no import register or no days."""
    return History(energy_wh["import"], days) if days > 0 and "import" in energy_wh else None
