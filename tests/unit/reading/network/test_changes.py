"""What a change of a meter's installations means: days to derive again, and days whose reads are shown by other faces."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reading.network.domain import changes
from services.reading.network.domain.changes import Change, Shift
from services.reading.network.domain.installations import Placement
from services.reading.network.domain.registers import Register, Registers

FIRST = date(2026, 1, 1)
SCALES: tuple[Registers, ...] = tuple((Register("import", 8, scale),) for scale in range(3))


def _placement(start: int, length: int | None, own: Registers = SCALES[2]) -> Placement:
    return Placement(
        service_point_no="S1",
        meter_no="M1",
        installed_on=FIRST + timedelta(start),
        removed_on=None if length is None else FIRST + timedelta(start + length),
        registers=own,
        opening=(0,),
        closing=None if length is None else (9,),
    )


def _change(before: Sequence[Placement], after: Sequence[Placement], own: Registers = SCALES[2]) -> Change:
    return Change(meter_no="M1", before=before, after=after, own_before=own, own_after=own)


def test_a_new_installation_touches_its_first_day_and_a_removal_the_day_of_it() -> None:
    there, removed = _placement(0, None), _placement(0, 40)
    assert changes.touched([_change([], [there])]) == {"S1": FIRST}
    assert changes.touched([_change([there], [removed])]) == {"S1": FIRST + timedelta(40)}
    assert changes.touched([_change([removed], [replace(removed, closing=(8,))])]) == {"S1": FIRST + timedelta(40)}
    assert changes.touched([_change([removed], [_placement(0, 30)])]) == {"S1": FIRST + timedelta(30)}
    assert changes.touched([_change([there], [there])]) == {}


def test_registers_and_first_days_touch_the_earliest_day_of_the_installation() -> None:
    there = _placement(5, 40)
    assert changes.touched([_change([there], [replace(there, opening=(1,))])]) == {"S1": FIRST + timedelta(5)}
    assert changes.touched([_change([there], [_placement(5, 40, SCALES[1])])]) == {"S1": FIRST + timedelta(5)}
    assert changes.touched([_change([there], [_placement(9, 36)])]) == {"S1": FIRST + timedelta(5)}
    assert changes.touched([_change([there], [])]) == {"S1": FIRST + timedelta(5)}


def test_a_day_on_which_two_installations_meet_is_read_by_the_one_that_ends() -> None:
    one, two = _placement(0, 10, SCALES[0]), _placement(10, None, SCALES[1])
    found = changes.shifts([_change([one, two], [two])])
    assert [(each.first, each.last, each.old, each.new) for each in found] == [
        (FIRST, FIRST, SCALES[0], SCALES[2]),
        (FIRST + timedelta(1), FIRST + timedelta(9), SCALES[0], SCALES[2]),
        (FIRST + timedelta(10), FIRST + timedelta(10), SCALES[0], SCALES[1]),
    ]


PLACED = st.lists(
    st.tuples(st.integers(1, 10), st.integers(0, 5), st.integers(0, 2)).map(tuple),
    max_size=3,
    unique_by=lambda each: each[0],
)


def _row(drawn: Sequence[tuple[int, int, int]]) -> list[Placement]:
    """Installations one after another, with gaps between some."""
    found, start = [], 0
    for length, gap, scale in drawn:
        found.append(_placement(start + gap, length, SCALES[scale]))
        start += gap + length
    return found


@given(before=PLACED, after=PLACED, own=st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_a_read_of_any_day_is_shown_by_other_faces_where_it_is_told_and_nowhere_else(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]], own: tuple[int, int]
) -> None:
    change = Change(
        meter_no="M1",
        before=_row(before),
        after=_row(after),
        own_before=SCALES[own[0]],
        own_after=SCALES[own[1]],
    )

    def faces(placements: Sequence[Placement], default: Registers, day: date) -> Registers:
        for each in placements:
            if each.installed_on <= day and (each.removed_on is None or day <= each.removed_on):
                return each.registers
        return default

    found = changes.shifts([change])
    for day in (FIRST + timedelta(i) for i in range(-2, 50)):
        told: list[Shift] = [shift for shift in found if shift.first <= day <= shift.last]
        old, new = faces(change.before, change.own_before, day), faces(change.after, change.own_after, day)
        assert [(shift.old, shift.new) for shift in told] == ([(old, new)] if old != new else [])
