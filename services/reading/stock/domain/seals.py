"""Seals (铅封): put on meters, checked, broken, removed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from shared.statemachine import StateMachine

Kind = Literal["put", "checked", "broken", "removed"]
"""加封, 检查, 破封, 启封."""
ON, BROKEN, OFF = "on", "broken", "off"

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
_RANKS: Final = {"removed": 0, "put": 1, "checked": 2, "broken": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class SealEvent:
    """What happened to a seal on a day. `done_by`: an opaque subject."""

    seal_no: str
    meter_no: str
    kind: str
    done_on: date
    done_by: str

    @property
    def key(self) -> tuple[str, str, date, str]:
        """What makes it the same."""
        return self.seal_no, self.meter_no, self.done_on, self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """How a seal stands after all that is known of it: `state` of `SEAL`, on its meter unless it is off, since a day."""

    seal_no: str
    meter_no: str
    state: str
    since: date


def stands(events: Iterable[SealEvent]) -> Seal | None:
    """Return how a seal stands; None where its events contradict each other: it is on one meter at a time."""
    seal: Seal | None = None
    for each in sorted(events, key=lambda event: (event.done_on, _rank(event), event.meter_no)):
        if seal is None:
            state = SEAL.start(_BEGINS[each.kind])
        elif not SEAL.may(seal.state, each.kind) or (seal.state != OFF and seal.meter_no != each.meter_no):
            return None
        else:
            state = SEAL.move(seal.state, each.kind)
        since = seal.since if seal is not None and seal.state == state else each.done_on
        seal = Seal(seal_no=each.seal_no, meter_no=each.meter_no, state=state, since=since)
    return seal


def _rank(event: SealEvent) -> int:
    return _RANKS[event.kind]
