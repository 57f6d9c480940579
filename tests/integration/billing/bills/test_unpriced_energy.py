"""Energy that no price met, or that the total register did not measure: divided by the tariff's named rule, or held."""

from typing import Any

import pytest

from services.billing.contracts.domain import AccountTerms
from tests.kits.billing import Desk, account, month, usage
from tests.unit.billing.rating.documents import HOME, PLAIN, changed

PRICES = {"peak": "0.6", "valley": "0.3"}
TWO: dict[str, Any] = changed(
    HOME,
    {
        "/id": "t/two",
        "/ladders": {},
        "/charges": [{"name": "energy", "kind": "energy", "by": "period", "price": PRICES}],
    },
)


async def billed(desk: Desk, kwh: dict[str, int], *, cycle: int = 1) -> tuple[str, int, dict[str, Any]]:
    """Status, total and findings, by their codes, of the bill of these registers."""
    energy = {name: 1000 * value for name, value in kwh.items()}
    await desk.measure(usage(1, cycle, energy_wh=energy))
    ((bill_id,),) = await desk.bills("bill_id", cycle=f"2026-{cycle:02}")
    async with desk.client() as client:
        bill = (await client.get(f"/v1/bills/{bill_id}")).json()
    return bill["status"], bill["total_fen"], {f["code"]: f.get("values", {}) for f in bill["findings"]}


@pytest.mark.parametrize(
    ("total", "peak", "valley", "fen", "unpriced"),
    [
        (100, 40, 0, 2400, 60),  # 24.00 yuan for 100 kWh went out by itself
        (100, 90, 60, 7200, 50),  # 150 of 100 kWh
        (60, 70, 30, 5100, 40),  # 100 of 60 kWh
    ],
)
async def test_a_bill_whose_periods_are_not_the_total_is_held(
    desk: Desk, total: int, peak: int, valley: int, fen: int, unpriced: int
) -> None:
    await desk.activate(TWO)
    await desk.open(account(1, tariff="t/two"))
    status, amount, found = await billed(desk, {"import": total, "import.peak": peak, "import.valley": valley})
    assert (status, amount) == ("held", fen)
    assert found["billing.energy_unpriced"] == {"energy_wh": total * 1000, "unpriced_wh": unpriced * 1000}


async def test_the_last_digits_of_registers_hold_nothing(desk: Desk) -> None:
    await desk.activate(TWO)
    await desk.open(account(1, tariff="t/two"))
    status, amount, found = await billed(desk, {"import": 100, "import.peak": 60, "import.valley": 39})
    assert (status, amount) == ("ready", 4770)
    assert set(found) == {"rating.period_sum_differs"}


async def test_a_meter_with_other_periods_than_the_tariff_is_held(desk: Desk) -> None:
    await desk.activate(TWO)
    await desk.open(account(1, tariff="t/two"))
    registers = {"import": 100, "import.peak": 40, "import.valley": 30, "import.flat": 30}
    status, amount, found = await billed(desk, registers)
    assert (status, amount) == ("held", 0)
    assert found["billing.not_rated"] == {"code": "register_unknown", "pointer": "/usage/import.flat"}


@pytest.mark.parametrize(
    ("rule", "registers", "fen"),
    [
        # exchanged within the cycle: 70 kWh by a meter of one rate, then 20 and 10: by share 66.667 and 33.333
        ("by_share", {"import": 100, "import.peak": 20, "import.valley": 10}, 4000 + 1000),
        ({"period": "peak"}, {"import": 100, "import.peak": 20, "import.valley": 10}, 5400 + 300),
        # three periods where the tariff has two: what the third measured is in the total
        ({"period": "peak"}, {"import": 100, "import.peak": 40, "import.valley": 30, "import.flat": 30}, 4200 + 900),
        ({"period": "valley"}, {"import": 100}, 3000),
    ],
)
async def test_what_no_period_measured_is_divided_by_the_rule_of_the_tariff(
    desk: Desk, rule: Any, registers: dict[str, int], fen: int
) -> None:
    await desk.activate(TWO | {"undivided_kwh": rule})
    await desk.open(account(1, tariff="t/two"))
    status, amount, found = await billed(desk, registers)
    assert (status, amount) == ("ready", fen)
    assert set(found) == {"rating.energy_divided"}


async def test_periods_beyond_the_total_are_never_divided(desk: Desk) -> None:
    await desk.activate(TWO | {"undivided_kwh": "by_share"})
    await desk.open(account(1, tariff="t/two"))
    status, _, found = await billed(desk, {"import": 60, "import.peak": 70, "import.valley": 30})
    assert (status, found["billing.energy_unpriced"]) == ("held", {"energy_wh": 60_000, "unpriced_wh": 40_000})


async def test_energy_of_a_class_that_no_price_is_for_is_held_although_the_bill_has_other_lines(desk: Desk) -> None:
    charges = [
        {"name": "energy", "kind": "energy", "price": "0.5", "for": {"class": ["commercial"]}},
        {"name": "fee", "kind": "fixed", "price": "10", "per": "month"},
    ]
    await desk.activate(changed(PLAIN, {"/charges": charges}))
    await desk.open(account(1, tariff="t/plain"))
    status, amount, found = await billed(desk, {"import": 100})
    assert (status, amount) == ("held", 1000)
    assert found["billing.energy_unpriced"] == {"energy_wh": 100_000, "unpriced_wh": 100_000}
    await desk.open(account(1, tariff="t/plain", facts=(AccountTerms(month(1, 2020), "commercial", 0, 1),)))
    assert (await billed(desk, {"import": 100}, cycle=2))[:2] == ("ready", 6000)
