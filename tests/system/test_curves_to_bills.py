"""From half-hour curves of a meter to a time-of-use bill: curves and reads over REST, what reading tells, the bill over REST."""

from dataclasses import replace
from datetime import date
from typing import Any

from shared.events.billing import AccountChanged
from shared.events.reading import UsageMeasured
from tests.kits.billing import Desk, account
from tests.kits.curves import days
from tests.kits.reading import UNIT, Kit
from tests.unit.billing.rating.documents import HOME, PLAIN, changed

TOU = "CN-ZJ/residential/time-of-use"
JANUARY = days(date(2026, 1, 1), date(2026, 2, 1))
DEAR = [200 if 16 <= slot < 44 else 100 for slot in range(48)]  # 08:00 to 22:00, where the energy is dearer
SHIFTED = [200 if slot < 28 else 100 for slot in range(48)]
KWH = sum(DEAR) * 31 / 1000


async def _supplied(kit: Kit, desk: Desk, tariff: str = TOU, minutes: int | None = 30) -> None:
    contract = {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-01-01", "curve_minutes": minutes}
    opened = {"account_no": "A1", "org_unit": UNIT, "customer_class": "residential", "version": 1}
    await kit.give(AccountChanged.model_validate(opened | {"opened_on": "2026-01-01", "contracts": [contract]}))
    own = account(1, tariff=tariff)
    (known,) = own.contracts
    await desk.open(replace(own, contracts=(replace(known, service_point_no="S0001", curve_minutes=minutes),)))


async def _push(kit: Kit, values: list[int | None], on: list[date], **more: Any) -> None:
    items = [
        {"meter_no": "M0001", "day": str(day), "unit": "Wh", "interval_minutes": 30, "values": values} | more
        for day in on
    ]
    answer = await kit.clerk.post("/v1/curves", json={"items": items})
    assert {outcome["status"] for outcome in answer.json()["outcomes"]} <= {"accepted", "conflicting_duplicate"}


async def _told(kit: Kit, desk: Desk, since: int = 0) -> int:
    facts = [UsageMeasured.model_validate(fact) for fact in await kit.published("reading.usage_measured.v1")]
    await desk.measure(*facts[since:])
    return len(facts)


async def _bill(desk: Desk, **where: Any) -> dict[str, Any]:
    ((bill_id,),) = await desk.bills("bill_id", **where)
    async with desk.client() as client:
        body: dict[str, Any] = (await client.get(f"/v1/bills/{bill_id}")).json()
    return body


def _periods(bill: dict[str, Any]) -> dict[str, str]:
    return {line["period"]: line["quantity"] for line in bill["lines"] if line["period"]}


async def test_curves_make_a_time_of_use_bill_and_better_ones_correct_it(kit: Kit, desk: Desk) -> None:
    await kit.district()
    await _supplied(kit, desk)
    known: list[int | None] = [*DEAR]
    await _push(kit, known, list(JANUARY), quality="e" * 48)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", f"{100 + KWH:.2f}")
    count = await _told(kit, desk)
    bill = await _bill(desk)
    assert (bill["status"], _periods(bill)) == ("ready", {"peak": "173.6", "valley": "62"})
    assert [(r["from"], r["to"]) for r in bill["registers"]] == [("100.00", f"{100 + KWH:.2f}")]
    better: list[int | None] = [*SHIFTED]
    await _push(kit, better, list(JANUARY))
    assert await _told(kit, desk, count) == count + 1
    assert _periods(await _bill(desk, status="ready")) == {"peak": "124", "valley": "111.6"}


async def test_a_gap_that_policy_does_not_fill_holds_the_bill_until_the_curve_is_there(kit: Kit, desk: Desk) -> None:
    await kit.district()
    await _supplied(kit, desk)
    await _push(kit, [*DEAR], list(JANUARY)[:20])
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", f"{100 + KWH:.2f}")
    count = await _told(kit, desk)
    held = await _bill(desk)
    assert (held["status"], "billing.not_rated" in {f["code"] for f in held["findings"]}) == ("held", True)
    await _push(kit, [*DEAR], list(JANUARY)[20:])
    await _told(kit, desk, count)
    assert _periods(await _bill(desk, status="ready")) == {"peak": "173.6", "valley": "62"}


async def test_a_border_of_prices_within_a_slot_of_the_contract_holds_the_bill_with_its_code(
    kit: Kit, desk: Desk
) -> None:
    hours = {"/periods/0/when/0/hours": ["08:30-22:00"], "/periods/1/when/0/hours": ["22:00-08:30"]}
    await desk.activate(changed(HOME, hours))
    await kit.district()
    await _supplied(kit, desk, "t/home", 60)
    await _push(kit, [*DEAR], list(JANUARY))
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", f"{100 + KWH:.2f}")
    await _told(kit, desk)
    bill = await _bill(desk)
    assert bill["status"] == "held"
    assert [f["values"]["code"] for f in bill["findings"] if f["code"] == "billing.not_rated"] == [
        "curve_slot_across_border"
    ]


async def test_the_highest_demand_that_was_read_is_billed_also_where_the_register_was_reset(
    kit: Kit, desk: Desk
) -> None:
    charge = {"name": "demand", "kind": "demand", "price": "40", "basis": "actual", "month": "calendar_days"}
    await desk.activate(changed(PLAIN, {"/registers": ["demand"], "/charges/1": charge}))
    demand = {"quantity": "demand", "digits": 6, "scale": 2, "kind": "demand"}
    await kit.district(registers=[{"quantity": "import", "digits": 8, "scale": 2}, demand], opening="0.00")
    await _supplied(kit, desk, "t/plain", None)
    await kit.push_one("M0001", "2026-01-20", {"import": "70.00", "demand": "25.00"}, "site")  # and reset
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", {"import": "100.00", "demand": "8.00"})
    await _told(kit, desk)
    assert [(line["charge"], line["quantity"], line["amount_fen"]) for line in (await _bill(desk))["lines"]] == [
        ("energy", "100", 5000),
        ("demand", "25", 100_000),
    ]


async def test_a_curve_of_quarter_hours_gives_the_demand_where_no_register_has_it(kit: Kit, desk: Desk) -> None:
    charge = {"name": "demand", "kind": "demand", "price": "40", "basis": "actual", "month": "calendar_days"}
    await desk.activate(changed(PLAIN, {"/registers": ["demand"], "/charges/1": charge}))
    await kit.district()
    await _supplied(kit, desk, "t/plain", 15)
    quarters: list[int | None] = [250] * 96
    await _push(kit, quarters, list(JANUARY)[1:], interval_minutes=15)
    highest = [*quarters]
    highest[40] = 6_250  # 25 kW from 10:00 to 10:15
    await _push(kit, highest, list(JANUARY)[:1], interval_minutes=15)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", f"{100 + 31 * 24 + 6:.2f}")
    await _told(kit, desk)
    bill = await _bill(desk)
    assert [(line["charge"], line["quantity"], line["amount_fen"]) for line in bill["lines"]] == [
        ("energy", "750", 37_500),
        ("demand", "25", 100_000),
    ]
