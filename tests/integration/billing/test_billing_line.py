"""From a usage to an issued bill."""

from datetime import date

from services.billing.adapters import tables
from shared.events.billing import AccountChanged, BillIssued
from tests.billing_kit import Desk, account, closed, usage


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
    assert await desk.count(tables.BILL) == 1
