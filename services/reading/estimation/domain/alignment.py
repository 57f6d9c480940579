"""Estimates aligned with the registers around them, where a later read shows that they were wrong."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from services.reading.network.domain.energy import Boundary
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Counts


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
