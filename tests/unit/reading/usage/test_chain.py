"""Reads placed in the periods of a point, on plain values."""

from services.reading.usage.domain import chain
from tests.kits.reading_values import APR, FEB, JAN, MAR, OLD, estimate, known


def test_a_late_read_above_a_later_estimate_lifts_it() -> None:
    placed = chain.place([known(FEB, 200), estimate(MAR, 290), estimate(APR, 380)], [OLD], known(MAR, 385), 100)
    assert [boundary.counts for boundary in placed] == [(200,), (385,), (385,)]


def test_a_read_above_a_later_known_register_is_refused_by_the_periods() -> None:
    placed = chain.place([known(FEB, 200), known(MAR, 290)], [OLD], known(FEB, 300), 100)
    measured = chain.measure(placed, [OLD], JAN, None, 100)
    assert measured[1].backward == ("import",)


def test_rollover_is_judged_against_the_last_known_register_not_against_anestimate() -> None:
    boundaries = [known(FEB, 999_900), estimate(MAR, 1_000_010)]
    placed = chain.place(boundaries, [OLD], known(APR, 999_959), 100)
    assert [boundary.counts for boundary in placed] == [(999_900,), (999_928,), (999_959,)]
