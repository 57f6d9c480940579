"""The load curve of a period, aligned with its registers: day curves of its meters become one series whose sum is their energy.

What was measured stands; what is missing is filled, as far as policy allows, and filled and estimated slots share what the
registers leave for them. A curve without gaps differs from the registers by little, and is scaled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from math import lcm
from typing import Final
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.refusal import Refused
from services.reading.policies.domain import CurveRules
from services.reading.reads.domain.curves import ACTUAL, RANK, Curve, CurveKey, Span, slots_of_day
from services.reading.validation.domain import curve_filled
from services.reading.validation.domain.findings import Finding

GAP = "reading.curve_gap"
SUM_DIFFERS = "reading.curve_sum_differs"
UNFIT = "reading.curve_slots_unfit"
DEMAND_MINUTES: Final = 15
"""Demand is the mean over 15 minutes (供电营业规则: 最大需量)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The curve of one quantity over [from_, to) in slots of `minutes`; `energy_wh` is what the registers ran."""

    quantity: str
    from_: date
    to: date
    minutes: int
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Demand:
    """The highest measured mean of a period in W, and the minutes of that mean: 15, or those of longer slots."""

    watts: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Aligned:
    """Wh by slot from the instant `start` on, which add up to the energy of the registers. No demand: nothing was measured."""

    start: datetime
    minutes: int
    values: tuple[int, ...]
    demand: Demand | None
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class _Curves:
    """What there is for a period: the meters that stood there, and their day curves."""

    wanted: Wanted
    installations: Sequence[Installation]
    curves: Mapping[CurveKey, Curve]
    zone: ZoneInfo

    def of(self, meter_no: str, day: date) -> Curve | None:
        return self.curves.get(CurveKey(meter_no, day, self.wanted.quantity))

    def all(self) -> Iterator[Curve]:
        for span in spans(self.installations, self.wanted.quantity, self.wanted.from_, self.wanted.to):
            for day in _days(span.from_, span.to):
                if curve := self.of(span.meter_no, day):
                    yield curve


@dataclass(frozen=True, slots=True)
class _Series:
    """The slots of a period: energies, and whether each was measured."""

    minutes: int
    values: list[int | None]
    measured: list[bool]


def spans(installations: Sequence[Installation], quantity: str, from_: date, to: date) -> list[Span]:
    """Return the days of which the meters of a point have curves for a period: that of an exchange of both.

    On the day of its removal a meter still belongs to the period, unless that is the first day: its closing registers ended
    the period before.
    """
    return [
        Span(each.meter_no, max(each.from_, from_), _last(each, to) + timedelta(days=1), quantity)
        for each in _there(installations, from_, to)
    ]


def aligned(
    wanted: Wanted,
    installations: Sequence[Installation],
    curves: Mapping[CurveKey, Curve],
    *,
    rules: CurveRules,
    zone: ZoneInfo,
) -> Aligned:
    """Return the curve of a period whose sum is exactly the energy of the registers; no slot is below zero.

    Refused: `reading.curve_slots_unfit` where day curves cannot be summed into slots of the length that is wanted;
    `reading.bad_interval` where a day is no multiple of them; `reading.curve_gap` where a gap is longer than policy fills, or no
    day is like it; `reading.curve_sum_differs` where curve and registers differ by more than policy allows.
    """
    there = _there(installations, wanted.from_, wanted.to)
    given = _Curves(wanted, there, curves, zone)
    lengths = {curve.interval_minutes for curve in given.all()}
    if any(wanted.minutes % length for length in lengths):
        raise Refused(UNFIT, f"a day curve has slots that do not sum up to {wanted.minutes} minutes")
    series = _series(given, wanted.minutes)
    weights, straight, like_days = _filled(series, given, rules)
    tolerance = max(wanted.energy_wh * rules.sum_tolerance_percent // 100, _step_wh(there, wanted.quantity))
    values = _shared(wanted.energy_wh, weights, series.measured, tolerance, rules.filled_percent_max)
    free = [value for value, measured in zip(values, series.measured, strict=True) if not measured]
    minutes = lcm(DEMAND_MINUTES, *lengths)
    return Aligned(
        start=calendar.day_bounds(wanted.from_, zone)[0],
        minutes=wanted.minutes,
        values=tuple(values),
        demand=_demand(series if minutes == wanted.minutes else _series(given, minutes)),
        finding=curve_filled.find(
            straight=straight,
            like_days=like_days,
            estimated=len(free) - straight - like_days,
            energy_wh=sum(free),
        ),
    )


def _there(installations: Sequence[Installation], from_: date, to: date) -> list[Installation]:
    return [each for each in installations if each.from_ < to and (each.to is None or each.to > from_)]


def _last(installation: Installation, to: date) -> date:
    """Return the last day of a meter in a period that ends at `to`."""
    last = to - timedelta(days=1)
    return last if installation.to is None else min(installation.to, last)


def _days(from_: date, to: date) -> Iterator[date]:
    return (from_ + timedelta(days=i) for i in range((to - from_).days))


def _step_wh(installations: Sequence[Installation], quantity: str) -> int:
    """Return by how much registers can differ from a curve because their last digit is whole."""
    registers = [face for each in installations for face in each.registers if face.quantity == quantity]
    return sum(register.energy_wh(1) + 1 for register in registers)


def _series(given: _Curves, minutes: int) -> _Series:
    series = _Series(minutes, [], [])
    for day in _days(given.wanted.from_, given.wanted.to):
        values, measured = _day(given, day, minutes, slots_of_day(day, minutes, given.zone))
        series.values.extend(values)
        series.measured.extend(measured)
    return series


def _day(given: _Curves, day: date, minutes: int, count: int) -> tuple[list[int | None], list[bool]]:
    """Return the energies of a day over all meters that were there, and which were measured."""
    meters = [each for each in given.installations if each.from_ <= day <= _last(each, given.wanted.to)]
    if not meters:  # nothing runs where no meter is
        return [0] * count, [True] * count
    by_no = {each.meter_no: each for each in meters}
    if len(by_no) == 1 and (
        len(meters) > 1 or day not in (meters[0].from_, meters[0].to)
    ):  # the whole day, or back on it
        curve = given.of(meters[0].meter_no, day)
        if curve is None:
            return [None] * count, [False] * count
        values, ranks = curve.summed(minutes)
        return values, [rank == RANK[ACTUAL] for rank in ranks]
    own = [_of_meter(each, day, given.of(each.meter_no, day), minutes, count) for each in by_no.values()]
    slots = [_together([each[i] for each in own]) for i in range(count)]
    return [value for value, _ in slots], [measured for _, measured in slots]


@dataclass(frozen=True, slots=True)
class _Slot:
    """What one meter has for a slot. `outside`: it may not have been there yet, or any more; `away`: it was not."""

    value: int | None
    measured: bool = False
    outside: bool = False
    away: bool = False


def _of_meter(installation: Installation, day: date, curve: Curve | None, minutes: int, count: int) -> list[_Slot]:
    if curve is None:
        outside = day in (installation.from_, installation.to)
        return [_Slot(None, outside=outside)] * count
    values, ranks = curve.summed(minutes)
    there = [i for i, rank in enumerate(ranks) if rank]
    first = there[0] if there and day == installation.from_ else 0
    last = there[-1] if there and day == installation.to else count - 1
    nowhere = not there and day in (installation.from_, installation.to)
    return [
        _Slot(value, rank == RANK[ACTUAL], outside=nowhere or not first <= i <= last, away=not first <= i <= last)
        for i, (value, rank) in enumerate(zip(values, ranks, strict=True))
    ]


def _together(slots: Sequence[_Slot]) -> tuple[int | None, bool]:
    """Return the energy of a slot over all meters of the point, and whether it was measured.

    Before a first meter and after a last one nothing runs. A slot of an exchange that only one meter has is its own.
    """
    known = [slot for slot in slots if slot.value is not None]
    if len(slots) == 1 and slots[0].away:
        return 0, True
    if not known or any(slot.value is None and not slot.outside for slot in slots):
        return None, False
    return sum(slot.value or 0 for slot in known), all(slot.measured for slot in known)


def _filled(series: _Series, given: _Curves, rules: CurveRules) -> tuple[list[int], int, int]:
    """Return the energies without gaps, and how many slots were filled in a straight line and how many from like days."""
    filled = [value or 0 for value in series.values]
    if None not in series.values:
        return filled, 0, 0
    alike: _Alike | None = None
    straight = like_days = 0
    for missing, group in groupby(range(len(filled)), key=lambda i: series.values[i] is None):
        run = list(group)
        length = len(run) * series.minutes
        if not missing:
            continue
        if length <= rules.gap_fill_minutes_max and len(run) < len(filled):
            before = series.values[run[0] - 1] if run[0] else None
            after = series.values[run[-1] + 1] if run[-1] + 1 < len(filled) else None
            filled[run[0] : run[-1] + 1] = _line(before, after, len(run))
            straight += len(run)
            continue
        alike = alike or _Alike(series, given)
        if length <= rules.like_day_minutes_max and alike.has(run):
            filled[run[0] : run[-1] + 1] = alike.means(run)
            like_days += len(run)
        else:
            raise Refused(GAP, f"the curve has a gap of {length} minutes that policy does not fill")
    return filled, straight, like_days


class _Alike:
    """The known energies of a period by weekday and local minute: days of one weekday are alike."""

    def __init__(self, series: _Series, given: _Curves) -> None:
        start = calendar.day_bounds(given.wanted.from_, given.zone)[0]
        step = timedelta(minutes=series.minutes)
        local = [(start + step * i).astimezone(given.zone) for i in range(len(series.values))]
        self._places = [(at.weekday(), at.hour, at.minute) for at in local]
        self._known: dict[tuple[int, int, int], list[int]] = {}
        for place, value in zip(self._places, series.values, strict=True):
            if value is not None:
                self._known.setdefault(place, []).append(value)

    def has(self, run: Sequence[int]) -> bool:
        """Return whether another day is known for each of these slots."""
        return all(self._places[i] in self._known for i in run)

    def means(self, run: Sequence[int]) -> list[int]:
        """Return the mean of the other days for each of these slots."""
        known = [self._known[self._places[i]] for i in run]
        return [sum(values) // len(values) for values in known]


def _line(before: int | None, after: int | None, count: int) -> list[int]:
    start = before if before is not None else after or 0
    end = after if after is not None else start
    return [(start * (count - i) + end * (i + 1)) // (count + 1) for i in range(count)]


def _shared(
    energy_wh: int, weights: Sequence[int], measured: Sequence[bool], tolerance: int, percent_max: int
) -> list[int]:
    """Return the energy of each slot: measured ones as they are, the others by their weights of what is left."""
    known = sum(weight for weight, stands in zip(weights, measured, strict=True) if stands)
    expected = sum(weights) - known
    left = energy_wh - known
    if all(measured) or left < 0:
        if energy_wh < 0 or abs(left) > tolerance:
            raise Refused(SUM_DIFFERS, "the sum of the curve differs from the energy of the registers")
        return _apportion(
            energy_wh, [weight if stands else 0 for weight, stands in zip(weights, measured, strict=True)]
        )
    if left * 100 > expected * percent_max and left - expected > tolerance:
        raise Refused(SUM_DIFFERS, "the registers leave more energy for the gaps of the curve than they can have")
    free = iter(_apportion(left, [weight for weight, stands in zip(weights, measured, strict=True) if not stands]))
    return [weight if stands else next(free) for weight, stands in zip(weights, measured, strict=True)]


def _apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Divide an energy ≥ 0 in proportion to weights: floors, then one each to the largest remainders; evenly without weights."""
    if total == sum(weights):
        return list(weights)
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    rests = [total * weight % whole for weight in weights]
    for i in sorted(range(len(weights)), key=lambda i: -rests[i])[: total - sum(shares)]:
        shares[i] += 1
    return shares


def _demand(series: _Series) -> Demand | None:
    """Return the highest mean that was measured; slots that are filled, estimated or scaled say nothing about it."""
    known = zip(series.values, series.measured, strict=True)
    highest = max((value for value, measured in known if measured and value is not None), default=None)
    return None if highest is None else Demand(highest * 60 // series.minutes, series.minutes)
