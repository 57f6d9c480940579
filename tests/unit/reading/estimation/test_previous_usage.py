"""Estimates by the previous usage."""

from datetime import date

from services.reading.estimation.domain import previous_usage
from services.reading.network.domain.installations import Installation
from tests.kits.reading_values import FACES, FEB, JAN, MAR, estimate, known


def test_an_estimate_after_an_exchange_leaves_out_what_the_old_meter_ran() -> None:
    old = Installation(meter_no="OLD", from_=JAN, to=date(2026, 2, 11), registers=FACES, opening=(100,), closing=(230,))
    new = Installation(meter_no="NEW", from_=date(2026, 2, 11), to=None, registers=FACES, opening=(5,), closing=None)
    found = previous_usage.estimate([old, new], FEB, known(FEB, 200), MAR, {"import": 310_000}, 31)
    assert found == estimate(MAR, 5 + 280 - 30, "NEW")
