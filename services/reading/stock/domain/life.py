"""The life of a meter as a thing (表计生命周期): a function of its installations and of what happened to it in stock. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, permutations
from operator import attrgetter
from typing import Final, Literal, get_args

from shared.statemachine import StateMachine

MovementKind = Literal["take_back", "to_test", "to_stock", "scrap"]
"""拆回入库, 送检, 入库, 报废."""
Result = Literal["passed", "failed"]
"""合格, 不合格."""
State = Literal["received", "in_stock", "installed", "removed", "taken_back", "to_test", "passed", "failed", "scrapped"]
"""到货, 在库, 在装, 已拆未回, 拆回, 待检, 检定合格, 检定不合格, 报废."""
TAKE_BACK: Final = "take_back"
SCRAP: Final = "scrap"
RECEIVED, IN_STOCK, INSTALLED, REMOVED, TAKEN_BACK = "received", "in_stock", "installed", "removed", "taken_back"
TO_TEST, PASSED, FAILED, SCRAPPED = "to_test", "passed", "failed", "scrapped"
IN_HAND: Final = (RECEIVED, IN_STOCK, TAKEN_BACK, TO_TEST, PASSED, FAILED)
"""The states in which a warehouse or a laboratory has it."""
_DAY: Final = timedelta(days=1)

LIFE = StateMachine(
    name="meter",
    starts=(RECEIVED, INSTALLED, IN_STOCK),
    moves={
        "to_stock": dict.fromkeys((RECEIVED, IN_STOCK, TAKEN_BACK, PASSED), IN_STOCK),
        "install": dict.fromkeys((RECEIVED, IN_STOCK, REMOVED, TAKEN_BACK, PASSED), INSTALLED),
        "remove": {INSTALLED: REMOVED},
        "take_back": {REMOVED: TAKEN_BACK},
        "to_test": dict.fromkeys(IN_HAND, TO_TEST),
        "pass": dict.fromkeys(IN_HAND, PASSED),
        "fail": dict.fromkeys(IN_HAND, FAILED),
        "scrap": dict.fromkeys((*IN_HAND, REMOVED), SCRAPPED),
    },
)
"""A result is proof that the meter was in the laboratory, whoever forgot to say that it went there. From one warehouse, or
laboratory, to another it goes by the same step again."""
_RANKS: Final = {
    name: rank
    for rank, name in enumerate(
        ("receive", "remove", "take_back", "to_test", "fail", "pass", "to_stock", "install", "scrap")
    )
}
"""What happens on one day is told in this order: a meter that is moved leaves one point before it comes to another. Where not all
of it fits so, in that order in which most of it does."""
_ORDERED_MAX: Final = 6
"""So many steps of one day at most are tried in other orders: 720 of them."""
_BEGINS: Final = {"receive": RECEIVED, "install": INSTALLED, "to_stock": IN_STOCK}
STATES: Final = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What happened to a meter on a day. `name`: `receive`, or an event of `LIFE`; `number`: of the movement or the test.

    `place`: the service point of an installation, or the warehouse, an org unit.
    """

    name: str
    on: date
    number: str = ""
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A meter on a service point over [installed_on, removed_on)."""

    service_point_no: str
    installed_on: date
    removed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """A state of a meter over [from, to). `service_point_no`: where it stands, or stood last; else `warehouse` has it."""

    state: str
    from_: date
    to: date | None
    service_point_no: str | None
    warehouse: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The spells of a meter in their order, and by number of each movement that fits the point that the meter had left by then.

    A movement that is not in `fitting` waits: what must have happened before it is not known.
    """

    spells: tuple[Spell, ...]
    fitting: dict[str, str | None]

    def point_on(self, day: date) -> str | None:
        """Return where the meter stands on a day, or stood last where nobody has taken it back; None where it is in hand."""
        there = (each for each in self.spells if each.from_ <= day and (each.to is None or each.to > day))
        return next((each.service_point_no for each in there), None)


def of(stands: Sequence[Stand], happenings: Iterable[Happening]) -> Life:
    """Return the life of a meter, whatever the order in which its facts became known.

    Installations are the truth: one to which no step leads begins the life anew. What happened on the last day of an
    installation happened after it: a meter that is taken off on a day stands on its point until the next midnight.
    """
    last_days = {each.removed_on - _DAY: each.removed_on for each in stands if each.removed_on is not None}
    known = [_moved(each, last_days) for each in happenings]
    for stand in stands:
        known.append(Happening(name="install", on=stand.installed_on, place=stand.service_point_no))
        if stand.removed_on is not None:
            known.append(Happening(name="remove", on=stand.removed_on))
    known.sort(key=lambda each: (each.on, _RANKS[each.name], each.number))
    spells: list[Spell] = []
    fitting: dict[str, str | None] = {}
    for _, own in groupby(known, key=attrgetter("on")):
        for each in _in_order(spells[-1].state if spells else None, tuple(own)):
            before = spells[-1] if spells else None
            state = _next(before.state if before else None, each.name)
            if state is None:
                continue
            fitting[each.number] = before.service_point_no if before else None
            _append(spells, _spell(state, each, before))
    return Life(spells=tuple(spells), fitting=fitting)


def _in_order(state: str | None, own: tuple[Happening, ...]) -> tuple[Happening, ...]:
    """Return what happened on a day in the order in which most of it fits; of several such orders the first by rank."""
    if _fits(state, own) == len(own) or len(own) > _ORDERED_MAX:
        return own
    return max(permutations(own), key=lambda order: _fits(state, order))


def _fits(state: str | None, order: Iterable[Happening]) -> int:
    count = 0
    for each in order:
        after = _next(state, each.name)
        if after is not None:
            state, count = after, count + 1
    return count


def _moved(each: Happening, last_days: dict[date, date]) -> Happening:
    day = last_days.get(each.on)
    return each if day is None else Happening(name=each.name, on=day, number=each.number, place=each.place)


def _next(state: str | None, name: str) -> str | None:
    """Return the state after an event; None where the event does not fit."""
    if name != "receive" and state is not None and LIFE.may(state, name):
        return LIFE.move(state, name)
    begins = name == "install" or (state is None and name in _BEGINS)
    return LIFE.start(_BEGINS[name]) if begins else None


def _spell(state: str, each: Happening, before: Spell | None) -> Spell:
    warehouse = before.warehouse if before else None
    if state == INSTALLED:
        return Spell(state=state, from_=each.on, to=None, service_point_no=each.place, warehouse=warehouse)
    if state == REMOVED:
        point = before.service_point_no if before else None
        return Spell(state=state, from_=each.on, to=None, service_point_no=point, warehouse=warehouse)
    return Spell(state=state, from_=each.on, to=None, service_point_no=None, warehouse=each.place or warehouse)


def _append(spells: list[Spell], new: Spell) -> None:
    """Add a spell; the one before ends with it, and is none where it had no day."""
    if spells:
        last = spells.pop()
        if last.from_ < new.from_:
            ended = Spell(
                state=last.state,
                from_=last.from_,
                to=new.from_,
                service_point_no=last.service_point_no,
                warehouse=last.warehouse,
            )
            spells.append(ended)
    spells.append(new)
