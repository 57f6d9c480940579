"""The usages of a service point are a function of what is known: whatever the order of arrival, and conserved."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Register
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline.known import Contract, Read
from services.reading.usage.domain.usages import in_force
from tests.kits import timelines
from tests.kits.effort import examples
from tests.kits.timelines import Book

FACE = Register("import", 6, 1)
DOWN = Register("export", 6, 1, down=True)
FIRST = date(2026, 1, 10)
MONTHS = 7
Event = Callable[[Book], None]


@dataclass(frozen=True)
class Drawn:
    """A world as it truly is, and the events by which it becomes known, with what must come before what."""

    events: tuple[tuple[str, Event, tuple[str, ...]], ...]


def _read(meter_no: str, day: date, shown: tuple[int, int], source: str = ranking.REMOTE, n: int = 0) -> Read:
    faces = (shown[0] % FACE.modulus, DOWN.modulus - 1 - shown[1] % DOWN.modulus)
    return Read(
        read_id=f"{meter_no}~{day}~{n}",
        day=day,
        faces=faces,
        source=source,
        rank=ranking.RANK[source],
        distance=n,
        actors=(source,),
    )


@st.composite
def worlds(draw: st.DrawFn) -> Drawn:
    """Seven months: an exchange or none, up to two changes of contract, reads planned and in between, some missing or wrong."""
    planned = [date(2026, month, 1) for month in range(2, 2 + MONTHS)]
    daily = [draw(st.integers(0, 80)) for _ in range(MONTHS + 1)]
    total = {FIRST + timedelta(days=n): 0 for n in range((planned[-1] - FIRST).days + 1)}
    ran = 0
    for day in total:
        total[day] = ran
        ran += daily[(day.month - 1) % len(daily)] * 10
    begin = draw(st.one_of(st.integers(0, FACE.modulus - 1), st.integers(FACE.modulus - 20_000, FACE.modulus - 1)))
    exchange = draw(st.one_of(st.none(), st.sampled_from(sorted(total)[1:-1])))
    second = draw(st.integers(0, FACE.modulus - 1))

    def shown(day: date, meter: str) -> tuple[int, int]:
        if meter == "A":
            return begin + total[day], begin + total[day]
        assert exchange is not None
        return second + total[day] - total[exchange], second + total[day] - total[exchange]

    events: list[tuple[str, Event, tuple[str, ...]]] = []

    def installation(meter: str, from_: date, to: date | None) -> Installation:
        opening, closing = _read(meter, from_, shown(from_, meter)), _read(meter, to, shown(to, meter)) if to else None
        return Installation(
            meter_no=meter,
            from_=from_,
            to=to,
            registers=(FACE, DOWN),
            opening=opening.faces,  # type: ignore[arg-type]
            closing=closing.faces if closing else None,  # type: ignore[arg-type]
        )

    def install(meter: Installation) -> Event:
        def event(book: Book) -> None:
            book.installations[meter.key] = meter
            book.tell(None)

        return event

    events.append(("install A", install(installation("A", FIRST, None)), ()))
    if exchange is not None:
        gap = draw(st.integers(0, 3))
        back = min(exchange + timedelta(days=gap), planned[-1])
        for day in total:
            if exchange <= day < back:
                total[day] = total[exchange]
        base = total[back]
        for day in total:
            if exchange <= day:
                total[day] = total[exchange] + max(0, total[day] - base)
        events.append(("remove A", install(installation("A", FIRST, exchange)), ("install A",)))
        events.append(("install B", install(installation("B", back, None)), ("remove A",)))

    def take(meter: str, read: Read) -> Event:
        return lambda book: book.read(meter, read)

    days = sorted(total)[1:]
    for day in days:
        chance = draw(st.integers(0, 9)) if day in planned else draw(st.integers(0, 40))
        if chance > (6 if day in planned else 0):
            continue
        meter = "A" if exchange is None or day <= exchange else "B"
        if meter == "B" and (exchange is None or day < back):
            continue
        source = draw(st.sampled_from([ranking.SITE, ranking.REMOTE, ranking.SELF]))
        events.append((f"read {day}", take(meter, _read(meter, day, shown(day, meter), source)), ()))
        if draw(st.integers(0, 9)) == 0:
            wrong = _read(meter, day, shown(day, meter), ranking.REMOTE, 1)
            bad = replace(wrong, faces=(draw(st.integers(0, FACE.modulus - 1)), wrong.faces[1]))
            right = replace(wrong, source=ranking.EDITED, rank=ranking.RANK[ranking.EDITED])
            events.append((f"wrong {day}", take(meter, bad), ()))
            events.append((f"right {day}", take(meter, right), (f"wrong {day}",)))

    def sign(contract: Contract) -> Event:
        def event(book: Book) -> None:
            old = book.contracts.get(contract.contract_no)
            touched = [each for each in (contract.from_, contract.to, *((old.from_, old.to) if old else ())) if each]
            book.contracts[contract.contract_no] = contract
            book.tell(min(touched))

        return event

    changes = sorted(set(draw(st.lists(st.sampled_from(days[:-1]), max_size=2))))
    begins = [FIRST, *changes]
    for n, from_ in enumerate(begins):
        to = begins[n + 1] if n + 1 < len(begins) else None
        if n == 1 and draw(st.booleans()):
            continue  # nobody is supplied here for a while
        if to is not None:
            events.append((f"open {n}", sign(Contract(contract_no=str(n), from_=from_, to=None)), (f"end {n - 1}",)))
            events.append((f"end {n}", sign(Contract(contract_no=str(n), from_=from_, to=to)), (f"open {n}",)))
        else:
            events.append((f"open {n}", sign(Contract(contract_no=str(n), from_=from_, to=None)), (f"end {n - 1}",)))

    def plan(day: date) -> Event:
        def event(book: Book) -> None:
            before = max((each for each in book.ends if each < day), default=None)
            book.ends[day] = timelines.planned(day)
            book.tell(before + timedelta(days=1) if before else None)

        return event

    def close(day: date) -> Event:
        return lambda book: book.close(day)

    for day in planned:
        events.append((f"plan {day}", plan(day), ()))
        events.append((f"close {day}", close(day), (f"plan {day}",)))
    return Drawn(tuple(events))


def _play(drawn: Drawn, order: list[int]) -> Book:
    """Let the events come in the order of their numbers, each as soon as what must come before it is there."""
    book, done = Book(), set[str]()
    names = {name for name, _, _ in drawn.events}
    waiting = [drawn.events[i] for i in order]
    while waiting:
        at = next(i for i, (_, _, after) in enumerate(waiting) if all(a in done or a not in names for a in after))
        name, event, _ = waiting.pop(at)
        event(book)
        done.add(name)
    return book


@settings(max_examples=examples(150))
@given(drawn=worlds(), data=st.data())
def test_any_order_of_arrival_ends_in_the_same_usages(drawn: Drawn, data: st.DataObject) -> None:
    numbers = list(range(len(drawn.events)))
    book = _play(drawn, data.draw(st.permutations(numbers)))
    periods = timelines.fresh(book.world())
    assert not book.line.suspects
    assert timelines.content(book.standing()) == timelines.content_of_periods(periods)


@settings(max_examples=examples(150))
@given(drawn=worlds(), data=st.data())
def test_usages_sum_to_what_the_meters_ran_and_never_overlap(drawn: Drawn, data: st.DataObject) -> None:
    book = _play(drawn, data.draw(st.permutations(list(range(len(drawn.events))))))
    standing = book.standing()
    for one, other in pairwise(standing):
        assert one.period_to <= other.period_from
    line = book.line
    if not standing:
        return
    for quantity in ("import", "export"):
        ran = 0
        for meter in book.installations.values():
            spans = [
                s for u in standing for s in u.registers if s.meter_no == meter.meter_no and s.quantity == quantity
            ]
            if spans:
                register = next(r for r in meter.registers if r.quantity == quantity)
                spans.sort(key=lambda s: s.from_on)
                low = register.count(spans[0].from_)
                high = register.count(spans[-1].to)
                if register.down:
                    low, high = register.modulus - 1 - low, register.modulus - 1 - high
                ran += register.energy_wh(high + sum(s.turns for s in spans) * register.modulus) - register.energy_wh(
                    low
                )
        assert sum(u.energy_wh.get(quantity, 0) for u in standing) == ran
    assert all(wh >= 0 for u in standing for wh in u.energy_wh.values())
    assert line.undecided is None or all(u.period_to <= line.undecided for u in standing)


@settings(max_examples=examples(50))
@given(drawn=worlds(), data=st.data())
def test_versions_may_arrive_in_any_order(drawn: Drawn, data: st.DataObject) -> None:
    book = _play(drawn, data.draw(st.permutations(list(range(len(drawn.events))))))
    shuffled = data.draw(st.permutations(book.versions))
    assert in_force(shuffled) == book.standing()
