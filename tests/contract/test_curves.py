"""The curve that reading tells is one that billing rates: real meters with gaps, both clock changes, a time-of-use bill."""

from datetime import date, datetime

import pytest

from services.billing.rating import rating
from services.reading.main import load_policies
from services.reading.reads.domain.curve_alignment import Wanted, aligned
from services.reading.settings import SHIPPED_POLICY
from services.reading.usage.use_cases import facts
from services.reading.usage.use_cases.curves import told
from shared import packed
from shared.events.registers import PackedCurve
from tests.kits.curves import LONDON, by_day, by_key, curve, days, real, stood
from tests.unit.billing.rating.documents import HOME, changed, home, state

PEAK, VALLEY = 568, 288  # tenths of a fen a kWh
NIGHT = (*range(8), 22, 23)


TARIFF = changed(HOME, {"/time_zone": "Europe/London", "/effective/from": "2010-01-01"})


def rated(from_: date, to: date, curve: rating.Curve) -> rating.RatedBill:
    asked = home(
        from_=from_,
        to=to,
        read_day=to,
        wh={},
        bill_months=(from_.replace(day=1),),
        facts=(rating.AccountSpan(date(2010, 1, 1), people=3),),
        curves=[curve],
        state=state(0, 0, 0, year=to.year),
    )
    bill = rating.rate_one(asked, rating.load_book([TARIFF]))
    assert bill.refusal is None, bill.refusal
    return bill


@pytest.mark.parametrize(
    ("file", "quantity", "from_", "to", "minutes"),
    [
        ("uk_half_hours.csv.gz", "", date(2013, 3, 1), date(2013, 4, 1), 30),
        ("uk_half_hours.csv.gz", "", date(2012, 10, 1), date(2012, 11, 1), 30),
        ("nem_five_minutes.csv.gz", "import", date(2023, 3, 2), date(2023, 3, 30), 5),
    ],
)
@pytest.mark.parametrize("wanted", [30, 60])
def test_a_real_meter_with_gaps_is_billed_by_the_hours_of_its_curve(
    file: str, quantity: str, from_: date, to: date, minutes: int, wanted: int
) -> None:
    own = by_day(real(file, quantity), from_, to, minutes, LONDON)
    first = days(from_, to)[4]
    own[first] = [*own[first][:20], None, *own[first][21:]]
    given = [value for day in own.values() for value in day]
    energy = sum(value or 0 for value in given) * len(given) // (len(given) - given.count(None))
    found = aligned(
        Wanted(quantity="import", from_=from_, to=to, minutes=wanted, energy_wh=energy),
        [stood(date(2010, 1, 1))],
        by_key(curve(day, values, minutes) for day, values in own.items()),
        rules=load_policies(SHIPPED_POLICY).on(from_).curves,
        zone=LONDON,
    )
    fact = PackedCurve.model_validate_json(facts.packed_curve(told("import", found)).model_dump_json())
    wh = packed.unpack(fact.values)
    bill = rated(from_, to, rating.Curve(fact.quantity, fact.start, fact.minutes, wh))
    local = [
        datetime.fromtimestamp(fact.start.timestamp() + 60 * fact.minutes * i, LONDON).hour for i in range(len(wh))
    ]
    valley = sum(value for value, hour in zip(wh, local, strict=True) if hour in NIGHT)
    energies = {line.period: (line.quantity, line.amount_fen) for line in bill.lines if line.charge == "energy"}
    assert energies == {"peak": charged(energy - valley, PEAK), "valley": charged(valley, VALLEY)}
    assert bill.findings == ()


def charged(wh: int, price: int) -> tuple[int, int]:
    return wh, (wh * price + 5000) // 10_000
