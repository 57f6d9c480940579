"""Estimates aligned with the registers around them."""

from datetime import date

from services.reading.estimation.domain import alignment
from services.reading.network.domain.energy import Boundary
from services.reading.network.domain.installations import Installation
from tests.kits.reading_values import APR, FACES, FEB, JAN, MAR, MAY, OLD, estimate, known


def test_estimates_between_their_known_neighbours_stay_as_they_are() -> None:
    boundaries = [known(FEB, 200), estimate(MAR, 290), known(APR, 290)]
    assert alignment.align(boundaries, [OLD]) == boundaries


def test_estimates_above_the_next_known_register_are_spread_by_days() -> None:
    boundaries = [known(FEB, 200), estimate(MAR, 300), estimate(APR, 400), known(MAY, 289)]
    assert alignment.align(boundaries, [OLD]) == [
        known(FEB, 200),
        estimate(MAR, 228),
        estimate(APR, 259),
        known(MAY, 289),
    ]


def test_an_estimate_above_the_registers_of_a_removal_is_spread_up_to_it() -> None:
    removed = Installation(
        meter_no="OLD", from_=JAN, to=date(2026, 3, 12), registers=FACES, opening=(100,), closing=(239,)
    )
    boundaries = [known(FEB, 200), estimate(MAR, 300), Boundary(APR, "NEW", (20,))]
    new = Installation(meter_no="NEW", from_=date(2026, 3, 12), to=None, registers=FACES, opening=(5,), closing=None)
    assert alignment.align(boundaries, [removed, new])[1] == estimate(MAR, 228)
