"""Seals (铅封): put on meters, checked, broken, removed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Final, Literal

from shared.statemachine import StateMachine

Kind = Literal["put", "checked", "broken", "removed"]
"""加封, 检查, 破封, 启封."""
ON, BROKEN, OFF = "on", "broken", "off"
Key = tuple[str, str, date, str]
"""Seal, meter, day and kind of an event."""

SEAL = StateMachine(
    name="seal",
    starts=(ON, BROKEN, OFF),
    moves={
        "put": {OFF: ON},
        "checked": {ON: ON, BROKEN: BROKEN},
        "broken": {ON: BROKEN},
        "removed": {ON: OFF, BROKEN: OFF},
    },
)
"""A seal of which nothing is known begins with whatever is told of it first: those on meters that are there were never told."""
_BEGINS: Final = {"put": ON, "checked": ON, "broken": BROKEN, "removed": OFF}
_RANKS: Final = {"put": 0, "checked": 1, "broken": 2, "removed": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEvent:
    """What happened to a seal on a day. `done_by`: an opaque subject."""

    seal_no: str
    meter_no: str
    kind: str
    done_on: date
    done_by: str

    @property
    def key(self) -> Key:
        """What makes it the same."""
        return self.seal_no, self.meter_no, self.done_on, self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """How a seal stands after all that is known of it: `state` of `SEAL`, on its meter unless it is off, since a day."""

    seal_no: str
    meter_no: str
    state: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SealLife:
    """How a seal stands, nothing where nothing is known of it, and the keys of what fits its life.

    An event that is not in `fitting` waits: what must have happened before it is not known.
    """

    seal: Seal | None
    fitting: frozenset[Key]


def of(events: Iterable[SealEvent]) -> SealLife:
    """Return the life of a seal, whatever the order in which its events became known: it is on one meter at a time.

    The events of one day are told in the order in which they fit each other.
    """
    seal: Seal | None = None
    fitting: set[Key] = set()
    ordered = sorted(events, key=lambda each: each.done_on)
    for _, own in groupby(ordered, key=attrgetter("done_on")):
        left = {(each.meter_no, each.kind): each for each in own}
        while (each := _next(seal, left)) is not None:
            del left[each.meter_no, each.kind]
            seal = _after(seal, each)
            fitting.add(each.key)
    return SealLife(seal=seal, fitting=frozenset(fitting))


def _next(seal: Seal | None, left: Mapping[tuple[str, str], SealEvent]) -> SealEvent | None:
    """Return which event of a day comes next; None where none that is left fits.

    A seal leaves a meter on that day before it comes to the one on which it stays. The first of which anything is told was on
    its meter already where it was not put there.
    """
    if seal is None:
        there = [each for each in left.values() if (each.meter_no, "put") not in left]
        fits = there or [each for each in left.values() if each.kind == "put"]
    else:
        fits = [
            each
            for each in left.values()
            if SEAL.may(seal.state, each.kind) and (seal.state == OFF or each.meter_no == seal.meter_no)
        ]
    order = [((each.meter_no, "removed") not in left, each.meter_no, _RANKS[each.kind]) for each in fits]
    return fits[order.index(min(order))] if fits else None


def _after(seal: Seal | None, each: SealEvent) -> Seal:
    state = SEAL.start(_BEGINS[each.kind]) if seal is None else SEAL.move(seal.state, each.kind)
    since = seal.since if seal is not None and seal.state == state else each.done_on
    return Seal(seal_no=each.seal_no, meter_no=each.meter_no, state=state, since=since)
