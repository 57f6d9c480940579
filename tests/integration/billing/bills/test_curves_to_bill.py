"""Load curves, demands and registers of a usage, from the event to the bill over REST."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared import packed
from shared.events.reading import UsageMeasured
from shared.events.registers import MeterSpan, PackedCurve
from tests.kits.billing import Desk, account, month, usage
from tests.unit.billing.rating.documents import PLAIN, changed

TOU = "CN-ZJ/residential/time-of-use"
SHANGHAI = ZoneInfo("Asia/Shanghai")
# 31 days of half hours: 100 Wh in each, 200 Wh from 08:00 to 22:00, where the energy is dearer
SLOTS = [200 if 16 <= slot % 48 < 44 else 100 for slot in range(31 * 48)]
ENERGY = sum(SLOTS)


def curve(values: list[int] = SLOTS, **more: Any) -> PackedCurve:
    start = datetime(2026, 1, 1, tzinfo=SHANGHAI)
    return PackedCurve(**{"quantity": "import", "start": start, "minutes": 30, "values": packed.pack(values)} | more)


def measured(*curves: PackedCurve, wh: int = ENERGY, version: int = 1, **more: Any) -> UsageMeasured:
    return usage(1, energy_wh={"import": wh}, curves=curves, version=version, **more)


async def shown(desk: Desk, **where: Any) -> dict[str, Any]:
    ((bill_id,),) = await desk.bills("bill_id", **where)
    async with desk.client() as client:
        answer = await client.get(f"/v1/bills/{bill_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_packed_curve_of_half_hours_makes_a_time_of_use_bill(desk: Desk) -> None:
    await desk.open(account(1, tariff=TOU))
    await desk.measure(measured(curve()))
    bill = await shown(desk)
    assert [(line["period"], line["quantity"], line["price"]) for line in bill["lines"] if line["period"]] == [
        ("peak", "173.6", "0.568"),
        ("valley", "62", "0.288"),
    ]
    # a difference between the two implementations would be a finding, and hold the bill
    assert (bill["status"], bill["total_fen"]) == ("ready", 9860 + 1786)
    assert {f["code"] for f in bill["findings"]} == set()


async def test_a_bill_on_a_curve_is_rated_again_from_what_was_stored(desk: Desk) -> None:
    await desk.open(account(1, tariff=TOU))
    await desk.measure(measured(curve()))
    (first,) = await desk.bills("total_fen", cycle="2026-01")
    await desk.decide((await shown(desk, cycle="2026-01"))["bill_id"], "correct", "2026-02-03")
    assert await desk.bills("total_fen", status="ready", cycle="2026-01") == [first]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (measured(curve(), wh=ENERGY + 1), "curve_sum_differs"),
        (measured(curve().model_copy(update={"values": "bm8="})), "curve_unreadable"),
        (measured(curve(SLOTS[:-2]), wh=ENERGY - 200), "curve_span"),
        (measured(), "register_missing"),
        (measured(curve(), demand_w={"import.peak": 5}), "demand_misnamed"),
        (
            measured(curve([sum(SLOTS[i : i + 4]) for i in range(0, len(SLOTS), 4)], minutes=60), wh=ENERGY),
            "curve_span",
        ),
    ],
)
async def test_a_curve_that_cannot_be_billed_holds_the_bill_with_its_code(
    desk: Desk, given: UsageMeasured, code: str
) -> None:
    await desk.open(account(1, tariff=TOU))
    await desk.measure(given)
    bill = await shown(desk)
    assert bill["status"] == "held"
    assert [f["values"]["code"] for f in bill["findings"] if f["code"] == "billing.not_rated"] == [code]
    # told anew, it is billed
    await desk.measure(measured(curve(), version=2))
    assert (await shown(desk, status="ready"))["total_fen"] == 9860 + 1786


async def test_a_bill_shows_what_its_registers_stood_at(desk: Desk) -> None:
    await desk.open(account(1))
    spans = [
        MeterSpan(
            meter_no=meter,
            installed_on=installed,
            from_on=from_on,
            to_on=to_on,
            shown={"import": (start, end)},
            multiplier=40,
        )
        for meter, installed, from_on, to_on, start, end in (
            ("M1", date(2020, 5, 1), month(1), date(2026, 1, 10), "1000.0", "1002.0"),
            ("M2", date(2026, 1, 10), date(2026, 1, 10), month(2), "0.0", "3.0"),
        )
    ]
    await desk.measure(usage(1, registers=tuple(spans)))
    bill = await shown(desk)
    assert [(r["meter_no"], r["from"], r["to"], r["multiplier"]) for r in bill["registers"]] == [
        ("M1", "1000.0", "1002.0", 40),
        ("M2", "0.0", "3.0", 40),
    ]
    async with desk.client() as client:
        node = (await client.get(f"/v1/trace/bill/{bill['bill_id']}")).json()
    assert node["document"]["registers"] == bill["registers"]


async def test_the_highest_demand_of_the_period_is_billed_as_power(desk: Desk) -> None:
    demand = {"name": "demand", "kind": "demand", "price": "40", "basis": "actual", "month": "calendar_days"}
    document = changed(PLAIN, {"/registers": ["demand"], "/charges/1": demand})
    await desk.activate(document)
    await desk.open(account(1, tariff="t/plain"))
    await desk.measure(usage(1, kwh=100, demand_w={"demand": 25_000}))
    bill = await shown(desk)
    assert [(line["charge"], line["quantity"], line["amount_fen"]) for line in bill["lines"]] == [
        ("energy", "100", 5000),
        ("demand", "25", 100_000),
    ]
