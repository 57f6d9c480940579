"""What the meters of a point ran."""

from services.reading.network.domain import energy
from services.reading.network.domain.installations import Installation
from tests.kits.reading_values import FACES, FEB, JAN, MAR, known


def test_an_exchange_on_the_read_date_counts_on_the_side_on_which_it_was_read() -> None:
    old = Installation(meter_no="OLD", from_=JAN, to=FEB, registers=FACES, opening=(100,), closing=(180,))
    new = Installation(meter_no="NEW", from_=FEB, to=None, registers=FACES, opening=(5,), closing=None)
    both = [old, new]
    read_before = energy.measure(both, JAN, None, known(FEB, 170), daily_kwh_max=100)
    assert read_before.energy_wh == {"import": 70_000}
    rest = energy.measure(both, FEB, read_before.end, known(MAR, 25, "NEW"), daily_kwh_max=100)
    assert rest.energy_wh == {"import": 30_000}
    read_after = energy.measure(both, JAN, None, known(FEB, 7, "NEW"), daily_kwh_max=100)
    assert read_after.energy_wh == {"import": 82_000}
    rest = energy.measure(both, FEB, read_after.end, known(MAR, 25, "NEW"), daily_kwh_max=100)
    assert rest.energy_wh == {"import": 18_000}
