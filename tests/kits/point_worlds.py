"""Drawn worlds of one service point: as it truly was, and the facts by which that becomes known, with what must come before what.

Whatever is told wrong is put right in the end, so that no contradiction is left: reads are corrected or annulled, registers at
both ends of an installation and its days corrected, contracts moved and annulled, asked ends withdrawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import DEMAND, Counts, Register, Registers
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline.known import Contract, End, Read
from tests.kits import timelines
from tests.kits.timelines import Book, Touch

FIRST = date(2026, 1, 10)
MONTHS = 7
LAST = date(2026, 8, 1)
DAYS = tuple(FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))
DAILY_KWH = 40  # of a register, below what is possible
FACES = ((6, 1), (7, 2), (5, 0))
MULTIPLIERS = ((1, 1), (40, 1), (3, 2))
DAY = timedelta(days=1)

Event = Callable[[Book], Touch]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A fact about a day, and the names of those that must have come before it."""

    name: str
    about: date
    event: Event
    after: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A world: how its route and its rules are, and the facts about it."""

    months: int
    tolerance: int
    connection_kw: int | None
    facts: tuple[Told, ...]

    def book(self) -> Book:
        """Return the books of a service that knows nothing of it yet."""
        return Book(
            policy=replace(timelines.POLICY, read_tolerance_days=self.tolerance),
            months=self.months,
            connection_kw=self.connection_kw,
        )

    def play(self, order: Sequence[int], batches: Sequence[int], look: Callable[[Book], None] | None = None) -> Book:
        """Let the facts come in an order, each as soon as what must come before it is there, and some of them together.

        `batches`: how many come together, one after the other; `look` is called after each.
        """
        book, done, sizes = self.book(), set[str](), list(batches)
        waiting = [self.facts[i] for i in order]
        while waiting:
            taken = []
            for _ in range(sizes.pop() if sizes else 1):
                at = next((i for i, told in enumerate(waiting) if done.issuperset(told.after)), None)
                if at is None:
                    break
                taken.append(waiting.pop(at))
                done.add(taken[-1].name)
            book.take([told.event for told in taken])
            if look is not None:
                look(book)
        return book


def _face(register: Register, ran: int) -> int:
    shown = ran % register.modulus
    return register.modulus - 1 - shown if register.down else shown


@dataclass(frozen=True, kw_only=True)
class _Stay:
    """A meter on the point, and what it had run, cumulative, on each of its days."""

    meter_no: str
    from_: date
    to: date | None
    registers: Registers
    ran: dict[date, Counts]

    def faces(self, day: date, more: int = 0) -> tuple[int, ...]:
        """Return what it shows on a day, or `more` counts later."""
        return tuple(
            _face(r, count + more) if r.kind != DEMAND else count
            for r, count in zip(self.registers, self.ran[day], strict=True)
        )

    def installation(self, *, to: date | None) -> Installation:
        return Installation(
            meter_no=self.meter_no,
            from_=self.from_,
            to=to,
            registers=self.registers,
            opening=self.faces(self.from_),
            closing=self.faces(to) if to else None,
        )


def drawn(seed: int) -> Drawn:
    """Return seven months of a point: exchanges, contracts, reads of every kind, and what was told wrong."""
    chance = Random(seed)
    months = chance.choice([1, 1, 1, 2])
    tolerance = chance.choice([0, 0, 2])
    stays = _stays(chance)
    most = max(r.numerator // r.denominator + 1 for stay in stays for r in stay.registers)
    connection_kw = chance.choice([None, most * (2 * DAILY_KWH + 2) // 24 + 1])
    planned = [date(2026, month, 1) for month in range(1 + months, 2 + MONTHS, months)]
    facts = [told for at in range(len(stays)) for told in _installations(chance, stays, at)]
    facts += _reads(chance, stays, planned)
    facts += _contracts(chance)
    facts += _plans(chance, planned, months)
    facts += _asked(chance, planned)
    return Drawn(months=months, tolerance=tolerance, connection_kw=connection_kw, facts=tuple(facts))


def _stays(chance: Random) -> list[_Stay]:
    daily = [chance.randint(0, DAILY_KWH) for _ in range(MONTHS + 1)]
    days = sorted(set(chance.sample(DAYS[2:-2], chance.choice([0, 0, 1, 1, 2]))))
    stays, start = list[_Stay](), FIRST
    for at, meter_no in enumerate(["A", "B", chance.choice(["A", "C"])][: len(days) + 1]):
        to = days[at] if at < len(days) else None
        same = next((stay.registers for stay in stays if stay.meter_no == meter_no), None)
        stays.append(_stay(chance, meter_no, same or _registers(chance), start, to, daily))
        if to is not None:
            after = days[at + 1] - DAY if at + 1 < len(days) else DAYS[-2]
            start = max(to, min(after, to + timedelta(days=chance.randint(0, 3))))
    return stays


def _registers(chance: Random) -> Registers:
    digits, scale = chance.choice(FACES)
    multiplier = chance.choice(MULTIPLIERS)
    registers = [Register("import", digits, scale, *multiplier, down=chance.random() < 0.3)]
    if chance.random() < 0.5:
        registers.append(Register("export", digits, scale, *multiplier, down=chance.random() < 0.5))
    if chance.random() < 0.3:
        registers.append(Register("demand", digits, scale, *multiplier, kind=DEMAND))
    return tuple(registers)


def _stay(
    chance: Random, meter_no: str, registers: Registers, from_: date, to: date | None, daily: Sequence[int]
) -> _Stay:
    modulus = registers[0].modulus
    counts = [chance.randint(chance.choice([0, modulus * 99 // 100]), modulus - 1)] * 2
    ran: dict[date, Counts] = {}
    for day in (day for day in DAYS if from_ <= day and (to is None or day <= to)):
        demand = day.day * 7 % 31
        ran[day] = tuple(demand if r.kind == DEMAND else counts[n] for n, r in enumerate(registers))
        scale = registers[0].scale
        step = daily[day.month % len(daily)] * int(10**scale)
        counts = [counts[0] + step + (day.day % 3 if scale else 0), counts[1] + step // 2]
    return _Stay(meter_no=meter_no, from_=from_, to=to, registers=registers, ran=ran)


def _put(meter: Installation, touched: date) -> Event:
    def event(book: Book) -> Touch:
        book.installations[meter.key] = meter
        return touched

    return event


def _installations(chance: Random, stays: Sequence[_Stay], at: int) -> list[Told]:
    """Tell of a meter that comes and goes: late, in parts, typed wrong and corrected, annulled and made anew."""
    stay, facts = stays[at], []
    before = stays[at - 1] if at else None
    gone = (f"removed {at - 1}",) if before else ()
    right = stay.installation(to=None)
    wrong_opening = chance.choice([False, False, False, True])
    if wrong_opening:
        bad = replace(right, opening=_wrong(chance, stay, right.opening))
        facts.append(Told(name=f"mistyped {at}", about=stay.from_, event=_put(bad, stay.from_), after=gone))
        gone = (f"mistyped {at}",)
    if chance.choice([False, False, False, True]) and not wrong_opening and stay.to != stay.from_ + DAY:
        moved = replace(right, from_=stay.from_ + DAY)
        facts.append(
            Told(name=f"put {at} on a wrong day", about=stay.from_, event=_put(moved, moved.from_), after=gone)
        )

        def annul(book: Book) -> Touch:
            del book.installations[moved.key]
            return moved.from_

        facts.append(Told(name=f"annulled {at}", about=stay.from_, event=annul, after=(f"put {at} on a wrong day",)))
        gone = (f"annulled {at}",)
    facts.append(Told(name=f"installed {at}", about=stay.from_, event=_put(right, stay.from_), after=gone))
    if stay.to is None:
        return facts
    last, there = stay.installation(to=stay.to), f"installed {at}"
    how = chance.choice(["right", "right", "mistyped", "wrong day"])
    if how == "mistyped":
        assert last.closing is not None
        bad = replace(last, closing=_wrong(chance, stay, last.closing))
        facts.append(Told(name=f"removal mistyped {at}", about=stay.to, event=_put(bad, stay.to), after=(there,)))
        there = f"removal mistyped {at}"
    if how == "wrong day" and stay.to - DAY > stay.from_:
        early = chance.choice([day for day in stay.ran if stay.from_ < day < stay.to])
        bad = replace(last, to=early, closing=last.closing if chance.random() < 0.5 else stay.faces(early))
        facts.append(Told(name=f"removed {at} on a wrong day", about=stay.to, event=_put(bad, early), after=(there,)))
        facts.append(
            Told(name=f"removed {at}", about=stay.to, event=_put(last, early), after=(f"removed {at} on a wrong day",))
        )
    else:
        facts.append(Told(name=f"removed {at}", about=stay.to, event=_put(last, stay.to), after=(there,)))
    return facts


def _wrong(chance: Random, stay: _Stay, faces: Sequence[int | None]) -> tuple[int | None, ...]:
    first = chance.choice([chance.randint(0, stay.registers[0].modulus - 1), (faces[0] or 0) // 10])
    return (first, *faces[1:])


def _reads(chance: Random, stays: Sequence[_Stay], planned: Sequence[date]) -> list[Told]:
    facts: list[Told] = []
    near = {day + timedelta(days=n) for day in planned for n in (-2, -1, 1, 2)}
    for day in DAYS[1:]:
        often = 0.6 if day in planned else 0.08 if day in near else 0.02
        if chance.random() > often:
            continue
        stay = next((each for each in stays if each.from_ <= day and (each.to is None or day <= each.to)), None)
        if stay is not None:
            facts += _day(chance, stay, day)
    return facts


def _day(chance: Random, stay: _Stay, day: date) -> list[Told]:
    facts = []
    tomorrow = stay.ran.get(day + DAY)
    for n, source in enumerate(chance.choices(_SOURCES, k=chance.choice([1, 1, 1, 2]))):
        later = 0
        if n and tomorrow is not None:
            later = chance.randint(0, min(tomorrow[i] - stay.ran[day][i] for i in _energy(stay.registers)))
        shown: tuple[int | None, ...] = stay.faces(day, later)
        if source == ranking.ESTIMATED:
            off = chance.randint(-50, 50)
            shown = tuple(
                (x + off) % r.modulus if r.kind != DEMAND and x is not None else x
                for x, r in zip(shown, stay.registers, strict=True)
            )
        name = f"read {stay.meter_no} {day} {n}"
        read = _read(name, day, shown, source, later)
        how = chance.choice([*["right"] * 8, "corrected", "annulled"])
        if how == "right":
            facts.append(Told(name=name, about=day, event=_take(stay.meter_no, read)))
            continue
        bad = replace(read, faces=_wrong(chance, stay, read.faces))
        facts.append(Told(name=f"{name} wrong", about=day, event=_take(stay.meter_no, bad)))
        if how == "corrected":
            right = replace(
                _read(name, day, stay.faces(day), ranking.EDITED, read.distance), actors=(*read.actors, "clerk")
            )
            facts.append(Told(name=name, about=day, event=_edit(stay.meter_no, right), after=(f"{name} wrong",)))
        else:
            facts.append(Told(name=name, about=day, event=_annul(name), after=(f"{name} wrong",)))
    return facts


_SOURCES = [ranking.SITE, ranking.REMOTE, ranking.SELF, ranking.REMOTE, ranking.ESTIMATED]


def _energy(registers: Registers) -> list[int]:
    return [i for i, register in enumerate(registers) if register.kind != DEMAND]


def _read(read_id: str, day: date, shown: tuple[int | None, ...], source: str, distance: int) -> Read:
    rank = ranking.RANK[source]
    return Read(read_id=read_id, day=day, faces=shown, source=source, rank=rank, distance=distance, actors=(source,))


def _take(meter_no: str, read: Read) -> Event:
    return lambda book: book.arrive(meter_no, read)


def _edit(meter_no: str, read: Read) -> Event:
    def event(book: Book) -> Touch:
        book.reads[read.read_id] = meter_no, read
        return read.day - timedelta(days=book.policy.read_tolerance_days)

    return event


def _annul(read_id: str) -> Event:
    def event(book: Book) -> Touch:
        _, read = book.reads.pop(read_id)
        return read.day - timedelta(days=book.policy.read_tolerance_days)

    return event


def _contracts(chance: Random) -> list[Told]:
    """Tell of contracts: opened, closed, moved, one of them annulled; those of one number in their order, others as it comes."""
    facts: list[Told] = []
    changes = sorted(set(chance.sample(DAYS[1:-1], chance.choice([0, 1, 2]))))
    begins = [FIRST, *changes]
    for n, from_ in enumerate(begins):
        to = begins[n + 1] if n + 1 < len(begins) else None
        if chance.randint(0, 5) == 0:
            continue  # nobody is supplied here for a while
        states: list[Contract] = []
        if chance.randint(0, 2) == 0:
            states.append(Contract(contract_no=str(n), from_=chance.choice(DAYS[:-1]), to=None))
        states.append(Contract(contract_no=str(n), from_=from_, to=None))
        if to is not None:
            states.append(Contract(contract_no=str(n), from_=from_, to=to))
        months = chance.choice([1, 1, 1, 2])
        paced = [replace(each, cycle_months=months) for each in states]
        if chance.randint(0, 5) == 0:
            paced[0] = replace(paced[0], cycle_months=3 - months)
        facts += _signed(str(n), paced)
    if chance.randint(0, 3) == 0:
        wrong = Contract(contract_no="X", from_=chance.choice(DAYS[:-1]), to=None)
        facts += _signed("X", [wrong, None])
    return facts


def _signed(contract_no: str, states: Sequence[Contract | None]) -> list[Told]:
    names = [f"contract {contract_no} {at}" for at in range(len(states))]

    def sign(contract: Contract | None) -> Event:
        def event(book: Book) -> Touch:
            old = book.contracts.pop(contract_no, None)
            if contract is not None:
                book.contracts[contract_no] = contract
            ends = [day for each in (old, contract) if each for day in (each.from_, each.to) if day]
            return min(ends)

        return event

    return [
        Told(
            name=names[at],
            about=next(each for each in states if each).from_,
            event=sign(state),
            after=(names[at - 1],) if at else (),
        )
        for at, state in enumerate(states)
    ]


def _plans(chance: Random, planned: Sequence[date], months: int) -> list[Told]:
    """Tell of read dates and of the ends of their windows; the last windows may stay open."""
    shut = len(planned) - chance.choice([0, 0, 0, 1, 2])
    facts = []

    def plan(day: date) -> Event:
        def event(book: Book) -> Touch:
            before = max((each for each, end in book.ends.items() if end.planned and each < day), default=None)
            book.ends[day] = timelines.planned(day, months=months)
            return before + DAY if before else None

        return event

    for n, day in enumerate(planned):
        facts.append(Told(name=f"planned {day}", about=day, event=plan(day)))
        if n < shut:
            facts.append(Told(name=f"closed {day}", about=day, event=_close(day), after=(f"planned {day}",)))
    return facts


def _close(day: date) -> Event:
    return lambda book: book.close(day)


def _asked(chance: Random, planned: Sequence[date]) -> list[Told]:
    facts = []
    for day in sorted(chance.sample(DAYS[1:], chance.choice([0, 0, 1, 2]))):
        if day in planned:
            continue

        def ask(book: Book, day: date = day) -> Touch:
            book.ends[day] = End(day=day, planned=False)
            return day

        def withdraw(book: Book, day: date = day) -> Touch:
            del book.ends[day]
            return day

        facts.append(Told(name=f"asked {day}", about=day, event=ask))
        if chance.random() < 0.5:
            facts.append(Told(name=f"withdrawn {day}", about=day, event=withdraw, after=(f"asked {day}",)))
    return facts
