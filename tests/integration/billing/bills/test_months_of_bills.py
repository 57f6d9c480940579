"""What is charged and given by the month: for usages over several months, parts of a cycle, and unusual cycles."""

from dataclasses import replace
from datetime import date
from typing import Any

from shared.events.reading import UsageMeasured
from tests.kits.billing import Desk, account, month, part, state, usage, withdrawn
from tests.unit.billing.rating.documents import PLAIN, changed

TIERS = {"name": "energy", "kind": "ladder_price", "ladder": "month", "price": ["0.5", "0.6", "0.9"]}
LIMITS = {"counts": "import", "limits_kwh": ["100", "300"]}
BY_MONTH, BY_CYCLE = LIMITS | {"span": "month", "proration": "per_month"}, LIMITS | {"span": "cycle"}
FEE = {"name": "fee", "kind": "fixed", "price": "10", "per": "month"}


async def opened(
    desk: Desk, *charges: dict[str, Any], ladder: dict[str, Any] = BY_MONTH, cycle_months: int = 1
) -> None:
    document = changed(PLAIN, {"/charges": list(charges), "/ladders": {"month": ladder}})
    await desk.activate(document)
    async with desk.client() as client:
        body = state()
        body["contracts"][0] |= {"cycle_months": cycle_months, "tariffs": [{"from": "2020-01-01", "tariff": "t/plain"}]}
        answer = await client.put("/v1/accounts/A1", json=body)
        assert answer.status_code == 200, answer.text


def of_cycle(fact: UsageMeasured, start: date, end: date) -> UsageMeasured:
    """The same usage, in the reading cycle [start, end)."""
    return fact.model_copy(update={"cycle_from": start, "read_date": end})


async def shown(desk: Desk) -> list[dict[str, Any]]:
    async with desk.client() as client:
        items = (await client.get("/v1/bills")).json()["items"]
        return [(await client.get(f"/v1/bills/{item['bill_id']}")).json() for item in items]


async def in_force(desk: Desk) -> list[tuple[str, int]]:
    bills = await desk.bills("period_from", "total_fen", "status")
    return [(f"{day}", fen) for day, fen, status in bills if status not in ("replaced", "reversed")]


async def test_two_months_have_the_quotas_and_charges_of_both(desk: Desk) -> None:
    await opened(desk, TIERS, FEE)
    await desk.measure(usage(1, 2, 200, period_from=month(1), months=2))
    assert await in_force(desk) == [("2026-01-01", 10_000 + 2_000)]


async def test_two_cycles_of_a_contract_have_the_quota_of_a_cycle_twice(desk: Desk) -> None:
    await opened(desk, TIERS, ladder=BY_CYCLE)
    await desk.measure(usage(1, 2, 200, period_from=month(1), months=2))
    assert await in_force(desk) == [("2026-01-01", 10_000)]


async def test_a_contract_of_two_months_has_the_quota_of_its_cycle_once(desk: Desk) -> None:
    await opened(desk, TIERS, ladder=BY_CYCLE, cycle_months=2)
    await desk.measure(usage(1, 2, 200, period_from=month(1), months=2))
    assert await in_force(desk) == [("2026-01-01", 11_000)]


async def test_two_bills_of_a_contract_in_one_cycle_bear_its_month_once(desk: Desk) -> None:
    await opened(desk, TIERS, FEE)
    halves = [part(1, date(2026, 2, 1), date(2026, 2, 15), 60), part(1, date(2026, 2, 15), month(3), 40)]
    await desk.measure(*(of_cycle(half, month(2), month(3)) for half in halves))
    # each half of February has half of the quota of 100 kWh
    assert await in_force(desk) == [("2026-02-01", 2500 + 600 + 500), ("2026-02-15", 2000 + 500)]
    first, second = await shown(desk)
    assert {f["code"]: f["values"] for f in first["findings"]}["billing.part_of_cycle"] == {
        "days": 14,
        "cycle_days": 28,
    }
    assert [line["formula"] for line in second["lines"] if line["charge"] == "fee"] == ["1 month x 10 x 0.5 = 5"]


async def test_a_move_shares_the_month_by_the_rule_of_the_tariff(desk: Desk) -> None:
    await opened(desk, FEE | {"part_month": "calendar_days"}, TIERS)
    moved = account(1, tariff="t/plain")
    ended = replace(moved.contracts[0], to=date(2026, 2, 8))
    begun = replace(moved.contracts[0], contract_no="C2", from_=date(2026, 2, 8))
    await desk.open(replace(moved, contracts=(ended, begun)))
    parts = [part(1, date(2026, 2, 1), date(2026, 2, 8), 0), part(1, date(2026, 2, 8), month(3), 0)]
    await desk.measure(*(of_cycle(one, month(2), month(3)) for one in parts))
    assert await in_force(desk) == [("2026-02-01", 250), ("2026-02-08", 750)]


async def test_a_whole_month_that_is_cut_later_is_corrected_to_its_parts(desk: Desk) -> None:
    await opened(desk, FEE)
    whole = of_cycle(usage(1, 2, 0), month(2), month(3))
    await desk.released(whole)
    parts = [part(1, date(2026, 2, 1), date(2026, 2, 15), 0), part(1, date(2026, 2, 15), month(3), 0)]
    await desk.measure(withdrawn(whole), *(of_cycle(one, month(2), month(3)) for one in parts))
    assert await in_force(desk) == [("2026-02-01", 500), ("2026-02-15", 500)]


async def test_a_cycle_that_a_new_read_day_made_longer_is_charged_by_days_and_says_so(desk: Desk) -> None:
    ladder = LIMITS | {"span": "month", "proration": "days/30"}
    await opened(desk, FEE | {"part_month": "calendar_days"}, TIERS, ladder=ladder)
    long = usage(1, 3, 150, period_from=month(2), period_to=date(2026, 3, 15))
    await desk.measure(of_cycle(long, month(2), date(2026, 3, 15)))
    # 42 days: 10 × 42/28, and 140 kWh at 0.50
    (bill,) = await shown(desk)
    assert bill["total_fen"] == 1500 + 7000 + 600
    assert [line["formula"] for line in bill["lines"] if line["charge"] == "fee"] == ["1 month x 10 x 1.5 = 15"]
    found = {f["code"]: f.get("values") for f in bill["findings"]}
    assert found["billing.unusual_cycle"] == {"cycle_days": 42, "months": 1}
