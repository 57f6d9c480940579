"""Cycles, exchanges, estimates and their alignment, on plain values."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.reading.domain import chain, cycles, estimation, identity, usage
from services.reading.domain.refusal import Refused
from services.reading.domain.registers import Register
from services.reading.domain.usage import Boundary, Installation

FACES = (Register("import", 6, 0),)
JAN, FEB, MAR, APR, MAY = (date(2026, month, 1) for month in range(1, 6))
OLD = Installation("OLD", JAN, None, FACES, (100,), None)


def _known(on: date, count: int, meter: str = "OLD") -> Boundary:
    return Boundary(on, meter, (count,))


def _estimate(on: date, count: int, meter: str = "OLD") -> Boundary:
    return Boundary(on, meter, (count,), known=False)


def test_a_cycle_is_the_month_of_the_day_before_its_read_date() -> None:
    assert cycles.label(date(2026, 2, 1)) == "2026-01"
    assert cycles.label(date(2026, 2, 2)) == "2026-02"
    assert cycles.read_date(15, date(2026, 2, 15)) == date(2026, 2, 15)
    assert cycles.read_date(15, date(2026, 2, 14)) is None


def test_a_day_has_23_to_25_hours_where_clocks_change() -> None:
    london = ZoneInfo("Europe/London")
    hours = []
    for day in (date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25)):
        start, end = cycles.day_bounds(day, london)
        hours.append((end - start).total_seconds() / 3600)
    assert hours == [23, 24, 25]


def test_a_read_id_spells_its_natural_key_and_anything_else_is_unknown() -> None:
    key = ("M-1", datetime(2026, 1, 31, 16, tzinfo=UTC), "remote")
    assert identity.natural_key(identity.read_id(*key)) == key
    for wrong in ("", "M~1", "M~20269931T160000Z~remote", "a~b~c~d"):
        with pytest.raises(Refused):
            identity.natural_key(wrong)


def test_an_exchange_on_the_read_date_counts_on_the_side_on_which_it_was_read() -> None:
    old = Installation("OLD", JAN, FEB, FACES, (100,), (180,))
    new = Installation("NEW", FEB, None, FACES, (5,), None)
    both = [old, new]
    read_before = usage.measure(both, JAN, None, _known(FEB, 170), daily_kwh_max=100)
    assert read_before.energy_wh == {"import": 70_000}
    rest = usage.measure(both, FEB, read_before.end, _known(MAR, 25, "NEW"), daily_kwh_max=100)
    assert rest.energy_wh == {"import": 30_000}
    read_after = usage.measure(both, JAN, None, _known(FEB, 7, "NEW"), daily_kwh_max=100)
    assert read_after.energy_wh == {"import": 82_000}
    rest = usage.measure(both, FEB, read_after.end, _known(MAR, 25, "NEW"), daily_kwh_max=100)
    assert rest.energy_wh == {"import": 18_000}


def test_an_estimate_after_an_exchange_leaves_out_what_the_old_meter_ran() -> None:
    old = Installation("OLD", JAN, date(2026, 2, 11), FACES, (100,), (230,))
    new = Installation("NEW", date(2026, 2, 11), None, FACES, (5,), None)
    found = estimation.previous_usage([old, new], FEB, _known(FEB, 200), MAR, {"import": 310_000}, 31)
    assert found == _estimate(MAR, 5 + 280 - 30, "NEW")


def test_estimates_between_their_known_neighbours_stay_as_they_are() -> None:
    boundaries = [_known(FEB, 200), _estimate(MAR, 290), _known(APR, 290)]
    assert estimation.align(boundaries, [OLD]) == boundaries


def test_estimates_above_the_next_known_register_are_spread_by_days() -> None:
    boundaries = [_known(FEB, 200), _estimate(MAR, 300), _estimate(APR, 400), _known(MAY, 289)]
    assert estimation.align(boundaries, [OLD]) == [
        _known(FEB, 200),
        _estimate(MAR, 228),
        _estimate(APR, 259),
        _known(MAY, 289),
    ]


def test_an_estimate_above_the_registers_of_a_removal_is_spread_up_to_it() -> None:
    removed = Installation("OLD", JAN, date(2026, 3, 12), FACES, (100,), (239,))
    boundaries = [_known(FEB, 200), _estimate(MAR, 300), Boundary(APR, "NEW", (20,))]
    new = Installation("NEW", date(2026, 3, 12), None, FACES, (5,), None)
    assert estimation.align(boundaries, [removed, new])[1] == _estimate(MAR, 228)


def test_a_late_read_above_a_later_estimate_lifts_it() -> None:
    placed = chain.place([_known(FEB, 200), _estimate(MAR, 290), _estimate(APR, 380)], [OLD], _known(MAR, 385), 100)
    assert [boundary.counts for boundary in placed] == [(200,), (385,), (385,)]


def test_a_read_above_a_later_known_register_is_refused_by_the_periods() -> None:
    placed = chain.place([_known(FEB, 200), _known(MAR, 290)], [OLD], _known(FEB, 300), 100)
    measured = chain.measure(placed, [OLD], JAN, None, 100)
    assert measured[1].backward == ("import",)


def test_rollover_is_judged_against_the_last_known_register_not_against_an_estimate() -> None:
    boundaries = [_known(FEB, 999_900), _estimate(MAR, 1_000_010)]
    placed = chain.place(boundaries, [OLD], _known(APR, 999_959), 100)
    assert [boundary.counts for boundary in placed] == [(999_900,), (999_928,), (999_959,)]
