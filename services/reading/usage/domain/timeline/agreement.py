"""Which registers of an installation agree with each other; the rest is suspect.

Registers that run forward by what is possible all stand. In a contradiction what a person edited stands, then the most registers
that agree, customers' own reads counted last, then what told usages rest on, then rank.
Where the best read of a day is suspect, the next best counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Counts
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline import steps
from services.reading.usage.domain.timeline.known import Faces, Read, World
from shared.frozen import document

_Weight = tuple[int, int, int, int, int]
OPENING, CLOSING = "opening", "closing"
INSTALLER_RANK = ranking.RANK[ranking.SITE]


@document
class Pin:
    """Cumulative counts that are known on a day; `read` is None for opening and closing registers, and for where it began."""

    on: date
    counts: Counts
    read: Read | None = None
    turned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A read, or the opening or closing registers of an installation, that contradicts others.

    `backward` and `too_far`: how many of them ran backwards, or farther than they can, in the `days` since the ones before.
    """

    installation: Installation
    on: date
    read: Read | None
    what: str
    days: int
    backward: int
    too_far: int

    @property
    def id(self) -> str:
        """What it is called: the id of a read, else opening or closing of the installation."""
        return self.read.read_id if self.read else register_id(self.installation, self.what)


@dataclass(slots=True, kw_only=True)
class Agreed:
    """The registers of an installation that agree, in order of days, and those that do not."""

    pins: list[Pin]
    suspects: list[Suspect]


@dataclass(slots=True)
class _Candidate:
    on: date
    faces: Faces
    read: Read | None
    what: str = ""
    id: str = ""
    fixed: Counts | None = None

    @property
    def imported_estimate(self) -> bool:
        return self.read is not None and self.read.source == ranking.ESTIMATED


def register_id(installation: Installation, what: str) -> str:
    """Return the id of the opening or closing registers of an installation."""
    return f"{installation.meter_no}~{installation.from_}~{what}"


class Contradiction(Exception):
    """Registers contradict each other behind a start: only all registers of the installation can tell which."""


def agree(world: World, installation: Installation, start: Pin | None) -> Agreed:
    """Return which registers of an installation agree, from a settled boundary or (None) from its opening.

    Raises `Contradiction` where registers do not agree behind a `start`.
    """
    days = _by_day(world, installation, start)
    best = [each for candidates in days if (each := _first(candidates)) is not None]
    link = _Link(world, installation)
    pins = link.all(best)
    suspects: list[_Candidate] = []
    if pins is None:
        if start is not None:
            raise Contradiction
        chosen = _choose(best, link, world)
        pins = link.all(chosen)
        assert pins is not None, "what was chosen agrees"
        suspects = [each for each in best if each not in chosen]
    if suspects or len(best) < len(days):
        pins, more = _next_best(days, best, pins, link)
        suspects += more
    found = []
    for each in sorted(suspects, key=lambda each: (each.on, each.what)):
        before = next((pin for pin in reversed(pins) if pin.on < each.on), None)
        backward, too_far = link.faults(before, each)
        found.append(
            Suspect(
                installation=installation,
                on=each.on,
                read=each.read,
                what=each.what,
                days=(each.on - (before.on if before else installation.from_)).days,
                backward=backward,
                too_far=too_far,
            )
        )
    return Agreed(pins=pins, suspects=found)


def _by_day(world: World, installation: Installation, start: Pin | None) -> list[list[_Candidate]]:
    """Return the registers of each day, the best first: those of the installation before reads, unless a person edited one."""
    days: dict[date, list[_Candidate]] = {}
    if start is None:
        first = installation.from_
        days[first] = [_Candidate(first, installation.opening, None, OPENING, register_id(installation, OPENING))]
    else:
        first = start.on
        days[first] = [_Candidate(first, (), None, fixed=start.counts)]
    last = installation.to
    if last is not None and installation.closing is not None and last > first:
        days[last] = [_Candidate(last, installation.closing, None, CLOSING, register_id(installation, CLOSING))]
    for read in world.reads.get((installation.meter_no, installation.from_), ()):
        inside = first < read.day and (installation.to is None or read.day <= installation.to)
        if inside or (read.day == first and start is None):
            days.setdefault(read.day, []).append(_Candidate(read.day, read.faces, read, id=read.read_id))
    for candidates in days.values():
        if len(candidates) > 1:
            candidates.sort(key=_preference)
    return [days[day] for day in sorted(days)]


def _preference(each: _Candidate) -> tuple[int, int, int, str]:
    if each.read is None:
        return -INSTALLER_RANK, -1, 0, ""
    return -each.read.rank, 0, each.read.distance, each.read.read_id


def _first(candidates: Sequence[_Candidate]) -> _Candidate | None:
    return next((each for each in candidates if not each.imported_estimate), None)


class _Link:
    """Steps between the registers of one installation."""

    def __init__(self, world: World, installation: Installation) -> None:
        self._world, self._installation = world, installation

    def step(self, before: Pin | None, to: _Candidate) -> Pin | None:
        """Return the counts at a register after those of another day, or None where it cannot have got there."""
        registers = self._installation.registers
        if to.fixed is not None:
            return Pin(on=to.on, counts=to.fixed, read=to.read)
        if before is None:
            return Pin(on=to.on, counts=steps.opening(registers, to.faces), read=to.read)
        counts = steps.advance(
            registers,
            before.counts,
            to.faces,
            days=(to.on - before.on).days,
            daily_kwh_max=self._world.policy_on(to.on).register_daily_kwh_max,
            connection_kw=self._world.connection_kw,
            turns=to.read.turns if to.read else None,
        )
        if counts is None:
            return None
        return Pin(on=to.on, counts=counts, read=to.read, turned=steps.turned(registers, before.counts, counts))

    def faults(self, before: Pin | None, to: _Candidate) -> tuple[int, int]:
        """Return how many registers ran backwards, and how many too far, from what was known before to a suspect face."""
        if before is None:
            return 0, 0
        back = far = 0
        for register, old, shown in zip(self._installation.registers, before.counts, to.faces, strict=True):
            alone = (register,), (old,), (shown,)
            days = (to.on - before.on).days
            daily_kwh_max = self._world.policy_on(to.on).register_daily_kwh_max
            connection_kw = self._world.connection_kw
            if steps.advance(*alone, days=days, daily_kwh_max=daily_kwh_max, connection_kw=connection_kw) is None:
                behind = shown is not None and steps.progress(register, shown) < old % register.modulus
                back, far = back + behind, far + (not behind)
        return back, far

    def all(self, candidates: Sequence[_Candidate]) -> list[Pin] | None:
        """Return the pins of registers that follow each other, or None where a step is not possible."""
        pins: list[Pin] = []
        for each in candidates:
            pin = self.step(pins[-1] if pins else None, each)
            if pin is None:
                return None
            pins.append(pin)
        return pins


def _choose(best: Sequence[_Candidate], link: _Link, world: World) -> list[_Candidate]:
    """Return the weightiest registers that agree, one of each day at most; of equal ones the earlier."""
    weights: list[_Weight] = []
    before: list[int] = []
    for j, each in enumerate(best):
        own = _weight(each, world)
        weight, came_from = own, -1
        for i in range(j):
            joined = tuple([a + b for a, b in zip(weights[i], own, strict=True)])
            if joined > weight and _reaches(best[i], each, link):
                weight, came_from = joined, i  # type: ignore[assignment]
        weights.append(weight)
        before.append(came_from)
    at = max(range(len(best)), key=lambda i: (weights[i], -i))
    chosen = []
    while at >= 0:
        chosen.append(best[at])
        at = before[at]
    return chosen[::-1]


def _reaches(one: _Candidate, other: _Candidate, link: _Link) -> bool:
    start = link.step(None, one)
    return start is not None and link.step(start, other) is not None


def _weight(each: _Candidate, world: World) -> _Weight:
    read = each.read
    if read is None:
        return 0, 1, 1, int(each.id in world.told), INSTALLER_RANK
    is_own = read.rank <= ranking.RANK[ranking.SELF]
    return int(read.source == ranking.EDITED), int(not is_own), 1, int(each.id in world.told), read.rank


def _next_best(
    days: Sequence[Sequence[_Candidate]], best: Sequence[_Candidate], pins: Sequence[Pin], link: _Link
) -> tuple[list[Pin], list[_Candidate]]:
    """Put the next best of a day in the place of a suspect one, and imported estimates where nothing better is, if they agree."""
    by_day = {candidates[0].on: candidates for candidates in days}
    standing = {pin.on for pin in pins}
    wanted = {each.on: each for each in best}
    chain = [next(each for each in by_day[pin.on] if each.read is pin.read) for pin in pins]
    left: list[_Candidate] = []
    for day in sorted(by_day.keys() - standing):
        refused = wanted.get(day)
        placed = False
        for each in by_day[day]:
            if each is refused:
                continue
            trial = sorted([*chain, each], key=lambda one: one.on)
            if link.all(trial) is not None:
                chain, placed = trial, True
                break
        if not placed and refused is None:
            left.append(by_day[day][0])
    found = link.all(chain)
    assert found is not None
    return found, left
