"""Whatever the registers do, usages add up to what the meters ran."""

import random
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reading.network.domain import energy
from services.reading.network.domain.energy import Boundary
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import Register
from services.reading.usage.domain import chain
from tests.kits.effort import examples

START = date(2026, 1, 1)
DAILY = 100
FACES = st.builds(
    lambda digits, scale, over, under: Register("import", digits, min(scale, digits - 1), over, under),
    st.integers(5, 8),
    st.integers(0, 4),
    st.integers(1, 600),
    st.integers(1, 7),
)
STEPS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 50)), min_size=1, max_size=12)
"""Days of a period, and the kWh a day that the register runs in it."""


def _runs(face: Register, opening: int, steps: list[tuple[int, int]]) -> list[tuple[date, int]]:
    found, on, count = [], START, opening
    for days, daily in steps:
        on, count = on + timedelta(days=days), count + days * daily * 10**face.scale
        found.append((on, count))
    return found


def _fits(face: Register, steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Keep what a face cannot tell from a roll-over out: one turn per period."""
    return [(days, daily) for days, daily in steps if days * DAILY * 10**face.scale < face.modulus]


@given(face=FACES, opening=st.integers(0, 99_999), steps=STEPS)
def test_periods_telescope_over_rollovers_and_rounding(
    face: Register, opening: int, steps: list[tuple[int, int]]
) -> None:
    steps = _fits(face, steps)
    opening %= face.modulus
    meter = Installation(meter_no="M", from_=START, to=None, registers=(face,), opening=(opening,), closing=None)
    total, start_on, start, last = 0, START, None, opening
    for on, cumulative in _runs(face, opening, steps):
        end = Boundary(on, "M", (cumulative % face.modulus,))
        measured = energy.measure([meter], start_on, start, end, daily_kwh_max=DAILY)
        assert measured.backward == ()
        assert measured.end.counts == (cumulative,)
        total += measured.energy_wh["import"]
        start_on, start, last = on, measured.end, cumulative
    assert total == face.energy_wh(last) - face.energy_wh(opening)


@given(
    faces=st.tuples(FACES, FACES),
    openings=st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)),
    steps=STEPS,
    data=st.data(),
)
def test_an_exchange_on_any_day_neither_loses_nor_doubles(
    faces: tuple[Register, Register], openings: tuple[int, int], steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    steps = _fits(faces[0], _fits(faces[1], steps))
    days = sum(step[0] for step in steps)
    if days < 2:
        return
    exchanged_after = data.draw(st.integers(1, days - 1))
    exchanged_on = START + timedelta(days=exchanged_after)
    run = [daily for length, daily in steps for _ in range(length)]

    def count(meter: int, on: date) -> int:
        first = 0 if meter == 0 else exchanged_after
        until = min((on - START).days, exchanged_after) if meter == 0 else (on - START).days
        return openings[meter] + sum(run[first:until]) * 10 ** faces[meter].scale

    closing = count(0, exchanged_on)
    old = Installation(
        meter_no="A",
        from_=START,
        to=exchanged_on,
        registers=(faces[0],),
        opening=(openings[0],),
        closing=(closing % faces[0].modulus,),
    )
    new = Installation(
        meter_no="B", from_=exchanged_on, to=None, registers=(faces[1],), opening=(openings[1],), closing=None
    )
    total, start_on, start = 0, START, None
    for on, _ in _runs(faces[0], 0, steps):
        meter = 0 if on < exchanged_on else 1
        end = Boundary(on, "AB"[meter], (count(meter, on) % faces[meter].modulus,))
        measured = energy.measure([new, old], start_on, start, end, daily_kwh_max=DAILY)
        assert measured.backward == ()
        total += measured.energy_wh["import"]
        start_on, start = on, measured.end
    expected = faces[0].energy_wh(closing) - faces[0].energy_wh(openings[0])
    expected += faces[1].energy_wh(count(1, start_on)) - faces[1].energy_wh(openings[1])
    assert total == expected


@settings(max_examples=examples(100))
@given(
    face=FACES,
    steps=STEPS,
    order=st.randoms(use_true_random=False),
    over=st.lists(st.integers(0, 3000), min_size=12, max_size=12),
)
def test_estimates_and_late_reads_in_any_order_end_at_the_registers(
    face: Register, steps: list[tuple[int, int]], order: random.Random, over: list[int]
) -> None:
    """Periods are estimated too high or too low, then read in any order: the sum is always that of the last register."""
    steps = _fits(face, steps)
    truth = _runs(face, 0, steps)
    if not truth or truth[-1][1] >= face.modulus:
        return
    meter = Installation(meter_no="M", from_=START, to=None, registers=(face,), opening=(0,), closing=None)
    boundaries: list[Boundary] = []
    estimate = 0
    for (on, _), extra in zip(truth, over, strict=False):
        estimate += extra
        boundaries.append(Boundary(on, "M", (estimate,), known=False))
    shuffled = list(truth)
    order.shuffle(shuffled)
    for on, count in shuffled:
        boundaries = chain.place(boundaries, [meter], Boundary(on, "M", (count,)), DAILY)
        measured = chain.measure(boundaries, [meter], START, None, DAILY)
        assert all(not each.backward for each in measured)
        total = sum(each.energy_wh["import"] for each in measured)
        assert total == face.energy_wh(boundaries[-1].counts[0]) - face.energy_wh(0)
    assert [boundary.counts[0] for boundary in boundaries] == [count for _, count in truth]
