"""From a usage to an issued bill."""

from datetime import date
from typing import Any

import pytest

from services.billing.bills.tables import BILL
from services.billing.usages import use_cases as usages
from shared.events.billing import AccountChanged, BillIssued
from tests.kits.billing import Desk, account, closed, usage


async def test_a_usage_becomes_a_bill_that_is_issued_the_day_after_its_route_closed(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    assert await desk.bills("status") == [("ready",)]
    await desk.close(closed([usage(1)]))
    await desk.work()
    (fact,) = await desk.published(BillIssued)
    assert (fact.bill.total_fen, fact.bill.issued_on, fact.bill.due_on) == (10760, date(2026, 2, 2), date(2026, 2, 22))
    assert fact.bill.tariff == "CN-ZJ/residential@1"
    assert sum(c.amount_fen for c in fact.bill.components) == fact.bill.total_fen
    assert await desk.bills("status", "total_fen") == [("issued", 10760)]


async def test_the_ladder_goes_on_from_bill_to_bill(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 900))
    await desk.released(usage(1, 2, 900))
    await desk.released(usage(1, 3, 1000))
    # 2,760 kWh at 0.538, the last 40 at 0.588
    assert [total for (total,) in await desk.bills("total_fen")] == [48420, 48420, 54000]


async def test_opening_an_account_bills_what_waited_for_it(desk: Desk) -> None:
    await desk.measure(usage(1), usage(2))
    assert await desk.bills() == []
    await desk.open(account(1))
    assert await desk.bills("contract_no", "status") == [("C1", "ready")]
    await desk.close(closed([usage(1), usage(2)]))
    await desk.work()
    assert len(await desk.published(BillIssued)) == 1
    await desk.open(account(2))
    await desk.work()
    assert [f.account_no for f in await desk.published(BillIssued)] == ["A1", "A2"]


async def test_what_waits_for_a_contract_is_listed(desk: Desk) -> None:
    await desk.measure(usage(7))
    async with desk.client() as client:
        (item,) = (await client.get("/v1/waiting-usages")).json()["items"]
        gauges = (await client.get("/metrics")).text
    assert (item["service_point_no"], item["waiting_for"]) == ("SP7", "contract")
    assert "wattline_waiting_oldest_age_seconds 0.0\n" not in gauges


async def test_another_usage_under_a_known_key_is_a_fault_of_the_sender(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 200))
    with pytest.raises(usages.ConflictingUsage):
        await desk.measure(usage(1, 1, 999, usage_id="U-other"))
    assert await desk.bills("energy_wh") == [(200_000,)]


@pytest.mark.parametrize("changed", [{"kwh": 201}, {"findings": ("high_usage",)}, {"route_no": "R9"}, {"late": True}])
async def test_another_content_under_the_id_of_a_usage_is_a_fault_of_the_sender(
    desk: Desk, changed: dict[str, Any]
) -> None:
    await desk.open(account(1))
    same = usage(1, 1, 200)
    await desk.measure(same, same)
    await desk.measure(same)
    changed = dict(changed)
    kwh = changed.pop("kwh", 200)
    other = usage(1, 1, kwh).model_copy(update={"usage_id": same.usage_id} | changed)
    with pytest.raises(usages.ConflictingUsage):
        await desk.measure(other)
    with pytest.raises(usages.ConflictingUsage):
        await desk.measure(usage(1, 2, 200), other)
    assert await desk.bills("energy_wh") == [(200_000,)]


async def test_a_batch_with_two_contents_under_one_id_is_a_fault_of_the_sender(desk: Desk) -> None:
    await desk.open(account(1))
    one = usage(1, 1, 200)
    with pytest.raises(usages.ConflictingUsage):
        await desk.measure(one, usage(1, 1, 999).model_copy(update={"usage_id": one.usage_id}))
    assert await desk.bills() == []


async def test_a_bill_far_from_the_one_before_is_held_and_the_next_goes_on_from_its_ladder(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 200), usage(1, 2, 400), usage(1, 3, 400))
    assert await desk.bills("cycle", "status") == [("2026-01", "ready"), ("2026-02", "held"), ("2026-03", "ready")]


async def test_an_account_put_twice_is_published_once(desk: Desk) -> None:
    first = await desk.open(account(1))
    second = await desk.open(account(1))
    assert (first[0].status, second[0].status) == ("done", "already_done")
    assert [f.version for f in await desk.published(AccountChanged)] == [1]


async def test_usages_of_two_cycles_in_one_batch_are_billed_in_order(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 2, 2000), usage(1, 1, 900))
    # the last 140 of 2,900 kWh are above tier 1
    assert [total for (total,) in await desk.bills("total_fen")] == [48420, 2000 * 53_8 // 10 + 140 * 5]


async def test_a_usage_seen_before_changes_nothing(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.measure(usage(1))
    assert await desk.count(BILL) == 1
