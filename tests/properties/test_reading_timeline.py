"""The usages of a service point are a function of what is known: whatever the order of arrival, and conserved."""

import random
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.reading.network.domain.registers import CUMULATIVE
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline import derive
from services.reading.usage.domain.timeline.line import Timeline
from services.reading.usage.domain.usages import Usage, in_force
from tests.kits import point_worlds, timelines
from tests.kits.effort import examples
from tests.kits.point_worlds import Drawn
from tests.kits.timelines import Book

SEEDS = st.integers(0, 2**32)


def _come(drawn: Drawn, seed: int) -> tuple[list[int], list[int]]:
    """Return an order of facts, near that of time or any, and how many come together."""
    chance = random.Random(seed)
    far = chance.choice([0, 5, 30, 1000])
    days = [drawn.facts[at].about.toordinal() + chance.randint(0, far) for at in range(len(drawn.facts))]
    order = sorted(range(len(days)), key=lambda at: (days[at], chance.random()))
    return order, [chance.choice([1, 1, 1, 2, 5]) for _ in days]


def _contradicts(line: Timeline) -> bool:
    """Return whether registers contradict each other; what another system estimated stands only where it agrees."""
    return any(each.read is None or each.read.source != ranking.ESTIMATED for each in line.suspects)


@settings(max_examples=examples(100))
@given(world=SEEDS, coming=SEEDS)
@example(world=16378, coming=8113145)  # a boundary is no longer known where the period after it stays as it was
def test_any_order_of_arrival_ends_in_the_same_usages(world: int, coming: int) -> None:
    drawn = point_worlds.drawn(world)
    book = drawn.play(*_come(drawn, coming))
    assert not _contradicts(derive.derive(book.world())), "what was told wrong is put right"
    assert timelines.content(book.standing()) == timelines.content_of_periods(timelines.fresh(book.world()))


@settings(max_examples=examples(40))
@given(world=SEEDS, coming=SEEDS)
def test_after_each_fact_what_is_told_is_all_that_would_be_derived(world: int, coming: int) -> None:
    drawn = point_worlds.drawn(world)

    def look(book: Book) -> None:
        whole = derive.derive(book.world())
        if not _contradicts(whole):
            assert timelines.content(book.standing()) == timelines.content_of_periods(whole.periods)

    drawn.play(*_come(drawn, coming), look)


@settings(max_examples=examples(60))
@given(world=SEEDS, coming=SEEDS)
def test_usages_sum_to_what_the_meters_ran_and_never_overlap(world: int, coming: int) -> None:
    drawn = point_worlds.drawn(world)

    def look(book: Book) -> None:
        _conserves(book, book.standing())

    drawn.play(*_come(drawn, coming), look)


def _conserves(book: Book, standing: list[Usage]) -> None:
    for one, other in pairwise(standing):
        assert one.period_to <= other.period_from
        days = [m for m in book.installations.values() if m.from_ < other.period_from]
        assert one.period_to == other.period_from or not any(m.to is None or m.to > one.period_to for m in days), (
            "a gap"
        )
    if not standing:
        return
    meters = sorted(book.installations.values(), key=lambda each: each.from_)
    assert standing[0].period_from == meters[0].from_
    assert book.line.undecided is None or standing[-1].period_to <= book.line.undecided
    agreed, ran = not derive.derive(book.world()).suspects, dict[str, int]()
    for meter in meters:
        for at, register in enumerate(meter.registers):
            spans = [
                s
                for usage in standing
                for s in usage.registers
                if (s["meter_no"], s["installed_on"]) == meter.key and register.quantity in s["shown"]
            ]
            if register.kind != CUMULATIVE or not spans:
                continue
            for before, after in pairwise(spans):
                assert before["to_on"] == after["from_on"]
                assert before["shown"][register.quantity][1] == after["shown"][register.quantity][0]
            assert spans[0]["from_on"] == meter.from_
            first, last = (
                register.count(shown)
                for shown in (spans[0]["shown"][register.quantity][0], spans[-1]["shown"][register.quantity][1])
            )
            if agreed:
                assert first == meter.opening[at]
            turns = sum(span["turns"].get(register.quantity, 0) for span in spans)
            if register.down:
                first, last = register.modulus - 1 - first, register.modulus - 1 - last
            wh = register.energy_wh(last + turns * register.modulus) - register.energy_wh(first)
            ran[register.quantity] = ran.get(register.quantity, 0) + wh
    told: dict[str, int] = {}
    for usage in standing:
        for quantity, wh in usage.energy_wh.items():
            assert wh >= 0
            told[quantity] = told.get(quantity, 0) + wh
    assert told == ran


@settings(max_examples=examples(40))
@given(world=SEEDS, coming=SEEDS)
def test_versions_may_arrive_in_any_order(world: int, coming: int) -> None:
    drawn = point_worlds.drawn(world)
    book = drawn.play(*_come(drawn, coming))
    shuffled = random.Random(coming).sample(book.versions, len(book.versions))
    assert in_force(shuffled) == book.standing()
