"""Day curves (负荷曲线): energies of a meter by slots of a local day, and what counts of several versions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from math import lcm
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import Register

INTERVALS: Final = (5, 10, 15, 30, 60)
SLOTS_MAX: Final = 300  # of 5 minutes, on the day of 25 hours
VERSIONS_MAX: Final = 50  # of one curve: a guard against a sender that tells another one each time
UNIT: Final = "Wh"
ACTUAL, ESTIMATED, MISSING, SUSPECT = "a", "e", "-", "s"
"""The quality of a slot, a letter each. A suspect value is kept as it came, and counts as missing."""
RANK: Final = {ACTUAL: 2, ESTIMATED: 1, MISSING: 0, SUSPECT: 0}
_MINUTES_A_DAY: Final = 24 * 60


class CurveKey(NamedTuple):
    """The natural key of a curve."""

    meter_no: str
    day: date
    quantity: str


class Span(NamedTuple):
    """The days [from_, to) of one quantity of a meter."""

    meter_no: str
    from_: date
    to: date
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Energies in Wh by slot of a local day, multiplier applied; None where one is missing. `quality`: a letter for each."""

    meter_no: str
    day: date
    quantity: str
    interval_minutes: int
    values: tuple[int | None, ...]
    quality: str

    @property
    def key(self) -> CurveKey:
        """The natural key."""
        return CurveKey(self.meter_no, self.day, self.quantity)

    @property
    def missing(self) -> int:
        """The number of slots without a value that counts."""
        return self.quality.count(MISSING) + self.quality.count(SUSPECT)

    @property
    def suspect(self) -> int:
        """The number of slots whose value is more than the point can use."""
        return self.quality.count(SUSPECT)

    def usable(self) -> "Curve":
        """Return the curve without its suspect values."""
        if not self.suspect:
            return self
        slots = zip(self.values, self.quality, strict=True)
        return replace(self, values=tuple(None if letter == SUSPECT else value for value, letter in slots))

    def judged(self, wh_max: int) -> "Curve":
        """Return the curve with the values above a limit marked as suspect."""
        if all(value is None or value <= wh_max for value in self.values):
            return self
        slots = zip(self.values, self.quality, strict=True)
        letters = [SUSPECT if value is not None and value > wh_max else letter for value, letter in slots]
        return replace(self, quality="".join(letters))

    def summed(self, minutes: int) -> tuple[list[int | None], list[int]]:
        """Return energies and ranks by longer slots: one is as good as its worst part, and missing where a part is."""
        parts = minutes // self.interval_minutes
        if parts == 1:
            return list(self.usable().values), [RANK[letter] for letter in self.quality]
        values: list[int | None] = []
        ranks: list[int] = []
        for at in range(0, len(self.values), parts):
            rank = min(RANK[letter] for letter in self.quality[at : at + parts])
            ranks.append(rank)
            values.append(sum(value or 0 for value in self.values[at : at + parts]) if rank else None)
        return values, ranks


class Effect(Enum):
    """What a version did to the curve in force. `CONFLICTS`: it has other values of the same rank, so none of it counts."""

    USED = "used"
    NO_BETTER = "no_better"
    CONFLICTS = "conflicts"


def slots_of_day(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return how many slots a local day has: 92 to 100 quarter hours where clocks change.

    Refused with `reading.bad_interval` where the day is no multiple of them.
    """
    start, end = calendar.day_bounds(day, zone)
    count, rest = divmod(int((end - start).total_seconds()), 60 * minutes)
    if rest:
        raise Refused("reading.bad_interval", f"that day is no multiple of {minutes} minutes")
    return count


def slot_wh_max(register: Register, daily_kwh_max: int, connection_kw: int | None, minutes: int) -> int:
    """Return the most that can run in one slot, rounded up: what the register can, multiplier applied, or less the connection."""
    over = daily_kwh_max * 1000 * minutes * register.numerator
    by_register = -(-over // (_MINUTES_A_DAY * register.denominator))
    return by_register if connection_kw is None else min(by_register, -(-connection_kw * 1000 * minutes // 60))


def meet(old: Curve, new: Curve) -> tuple[Curve, Effect]:
    """Return the curve that is in force once a new version has met the one in force, and what the new one did to it.

    Slot by slot an actual value stands over an estimated one, and that over none; of equal rank the first stands, and other
    values are a conflict, of which nothing is used. Where the slots are of another length the new curve takes the place of the
    old one as a whole: nowhere worse, and better somewhere or finer.
    """
    if new.interval_minutes != old.interval_minutes:
        return _meet_other_slots(old, new)
    values, letters = list(old.values), list(old.quality)
    better = False
    for i, (value, letter) in enumerate(zip(new.values, new.quality, strict=True)):
        rank, before = RANK[letter], RANK[letters[i]]
        if rank > before:
            values[i], letters[i], better = value, letter, True
        elif rank == before and rank and value != values[i]:
            return old, Effect.CONFLICTS
    if not better:
        return old, Effect.NO_BETTER
    return replace(old, values=tuple(values), quality="".join(letters)), Effect.USED


def _meet_other_slots(old: Curve, new: Curve) -> tuple[Curve, Effect]:
    minutes = lcm(old.interval_minutes, new.interval_minutes)
    old_values, old_ranks = old.summed(minutes)
    new_values, new_ranks = new.summed(minutes)
    pairs = list(zip(old_ranks, new_ranks, strict=True))
    for i, (before, rank) in enumerate(pairs):
        if rank == before and rank and new_values[i] != old_values[i]:
            return old, Effect.CONFLICTS
    nowhere_worse = all(rank >= before for before, rank in pairs)
    better = new.interval_minutes < old.interval_minutes or any(rank > before for before, rank in pairs)
    return (new.usable(), Effect.USED) if nowhere_worse and better else (old, Effect.NO_BETTER)


def in_force(versions: Sequence[Curve]) -> Curve:
    """Return what counts of all versions of a curve, first to last."""
    current = versions[0].usable()
    for version in versions[1:]:
        current, _ = meet(current, version)
    return current


def effects(versions: Sequence[Curve]) -> list[Effect]:
    """Return what each version of a curve did when it came."""
    current, found = versions[0].usable(), [Effect.USED]
    for version in versions[1:]:
        current, effect = meet(current, version)
        found.append(effect)
    return found
