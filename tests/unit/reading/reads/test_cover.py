"""Days on which a meter stands somewhere."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.reading.network.domain.installations import Placement
from services.reading.network.domain.registers import Register
from services.reading.reads.domain import cover
from services.reading.reads.domain.cover import Stretch

FIRST = date(2026, 1, 1)


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


def _placement(meter_no: str, start: int, length: int | None) -> Placement:
    return Placement(
        service_point_no="S1",
        meter_no=meter_no,
        installed_on=_day(start),
        removed_on=None if length is None else _day(start + length),
        registers=(Register("import", 8, 2),),
        opening=(0,),
        closing=None,
    )


PLACEMENTS = st.lists(
    st.builds(_placement, st.sampled_from(["M1", "M2"]), st.integers(0, 20), st.none() | st.integers(1, 6)), max_size=4
)


def _covered(placements: list[Placement]) -> set[tuple[str, date]]:
    days = map(_day, range(40))
    return {
        (each.meter_no, day)
        for day in days
        for each in placements
        if each.installed_on <= day and (each.removed_on is None or day <= each.removed_on)
    }


@given(PLACEMENTS, PLACEMENTS)
def test_what_is_lost_is_what_was_covered_and_is_not_any_more(before: list[Placement], after: list[Placement]) -> None:
    found = {
        (each.meter_no, day)
        for each in cover.lost(before, after)
        for day in map(_day, range(40))
        if each.first <= day <= each.last
    }
    assert found == _covered(before) - _covered(after)


def test_a_removal_loses_the_days_after_it() -> None:
    assert cover.lost([_placement("M1", 0, None)], [_placement("M1", 0, 9)]) == [
        Stretch("M1", _day(10), date(2200, 1, 1))
    ]
