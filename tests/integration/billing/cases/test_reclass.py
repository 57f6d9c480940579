"""A home at several thousand kWh that is a workshop: found, looked at, classed anew from a day, and the difference billed."""

from datetime import date
from typing import Any

import pytest

from services.billing.business_day import store as business_day
from services.billing.tariffs import examples
from shared.events.billing import AccountChanged, BillCorrected, SiteOrderRequested
from shared.events.reading import SiteOrderDone
from tests.kits.billing import Desk, account, closed, usage
from tests.kits.cases import ask, got, listed, opened, point

TRADE: dict[str, Any] = {
    **{name: value for name, value in examples.TARIFF.items() if name != "ladders"},
    "id": "test/trade",
    "effective": {"from": "2020-01-01", "to": None},
    "charges": [{"name": "energy", "zh": "电度电费", "kind": "energy", "price": "0.8"}],
}
RECLASS = {
    "from": "2026-01-01",
    "customer_class": "commercial",
    "tariff": "test/trade",
    "explanation": "A joinery: machines seen on site.",
    "business_date": "2026-03-10",
}


async def a_workshop(desk: Desk) -> str:
    """Return the case of a home whose bills of two months went out at the price of homes."""
    await desk.activate(TRADE)
    await desk.open(account(1))
    await desk.tell(point(1))
    for cycle in (1, 2):
        used = usage(1, cycle, 3000)
        await desk.measure(used)
        ((held,),) = await desk.bills("bill_id", status="held")
        await desk.decide(held, "approve", f"2026-0{cycle + 1}-02", verdict="known")
        await desk.close(closed([used]))
        await desk.work()
    assert [row[0] for row in await desk.bills("status")] == ["issued", "issued"]
    (case,) = await listed(desk)
    assert (case["kind"], case["first_signal_on"], case["account_no"]) == ("high_usage", "2026-02-01", "A1")
    number: str = case["case_no"]
    return number


async def looked_at(desk: Desk, number: str) -> None:
    assert (await ask(desk, f"cases/{number}/site-orders", {"kind": "use_check"}))[0] == 200
    (asked,) = await desk.published(SiteOrderRequested)
    done = SiteOrderDone(
        order_no=asked.request_id,
        service_point_no="SP1",
        org_unit="zj/hangzhou",
        kind="use_check",
        requested_by=asked.requested_by,
        reference=number,
        done_on=date(2026, 3, 6),
        result="other_use",
        visited_by="inspector-7",
    )
    await desk.hear(SiteOrderDone, done)


async def test_a_home_that_is_a_workshop_is_classed_anew_and_the_difference_is_billed(desk: Desk) -> None:
    number = await a_workshop(desk)
    await looked_at(desk, number)
    path = f"cases/{number}"
    before = sum(row[0] for row in await desk.bills("total_fen", status="issued"))
    seen = (await got(desk, path))["row_version"]
    status, told = await ask(desk, f"{path}/reclassing", RECLASS, seen=seen)
    assert (status, told["status"]) == (200, "done")
    case = await got(desk, path)
    assert (case["state"], case["explanation"]) == ("reclassed", "A joinery: machines seen on site.")
    (reclass,) = case["reclassings"]
    assert (reclass["done_on"], reclass["proposed_bills"], reclass["corrections"]) == ("2026-03-10", 2, [])
    kept = await listed(desk, "audit-entries", entity_kind="case", entity_id=number)
    (shown,) = kept[-1]["after"]["case_reclass"]
    assert (shown["customer_class"], shown["done_on"]) == ("commercial", "2026-03-10")
    now = await got(desk, "accounts/A1")
    assert [(facts["from"], facts["customer_class"]) for facts in now["facts"]] == [
        ("2020-01-01", "residential"),
        ("2026-01-01", "commercial"),
    ]
    assert now["contracts"][0]["tariffs"][-1] == {"from": "2026-01-01", "tariff": "test/trade"}

    # a reviewer carries the correction out: 6,000 kWh at 0.8 yuan in place of the ladder of homes
    await desk.approve_all("2026-03-12")
    (fact,) = await desk.published(BillCorrected)
    assert (fact.reason, sum(bill.total_fen for bill in fact.replacements)) == ("account_changed", 480_000)
    (reclass,) = (await got(desk, path))["reclassings"]
    assert [one["correction_id"] for one in reclass["corrections"]] == [fact.correction_id]
    assert (reclass["difference_fen"], reclass["proposed_bills"]) == (480_000 - before, 0)


async def test_what_touches_large_bills_waits_for_a_second_person_and_ends_with_that(desk: Desk) -> None:
    number = await a_workshop(desk)
    desk.two_people(bill__decision=[], bill__release=[])
    path = f"cases/{number}"
    status, told = await ask(desk, f"{path}/reclassing", RECLASS, seen=1)
    assert (status, told["status"]) == (202, "awaiting_approval")
    case = await got(desk, path)
    assert (case["state"], case["reclassings"][0]["done_on"]) == ("awaiting_approval", None)
    assert await ask(desk, f"{path}/reclassing", RECLASS, seen=2) == (409, "case.not_possible")
    (asked,) = await listed(desk, "approvals", state="pending", kind="account.billed_days")
    assert await desk.second(asked, subject="inspector-1") == ("refused", "approval.own_request")
    assert await desk.second(asked, subject="second-1") == ("done", None)
    case = await got(desk, path)
    assert (case["state"], case["ended_by"], case["explanation"]) == ("reclassed", "second-1", RECLASS["explanation"])
    assert case["reclassings"][0]["done_on"] is not None
    assert (await desk.published(AccountChanged))[-1].customer_class == "commercial"


async def test_what_a_second_person_rejects_goes_back_to_the_investigator(desk: Desk) -> None:
    number = await a_workshop(desk)
    desk.two_people(bill__decision=[], bill__release=[])
    await ask(desk, f"cases/{number}/reclassing", RECLASS, seen=1)
    (asked,) = await listed(desk, "approvals", state="pending", kind="account.billed_days")
    assert await desk.second(asked, subject="second-1", decision="reject") == ("done", None)
    assert (await got(desk, f"cases/{number}"))["state"] == "investigating"
    assert (await got(desk, "accounts/A1"))["facts"][-1]["customer_class"] == "residential"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"customer_class": "residential", "tariff": None}, 422, "case.nothing_changes"),
        ({"business_date": "2026-01-05"}, 422, "case.before_its_signal"),
        ({"option": "none-such"}, 422, "account.refused"),
        ({"explanation": " "}, 422, "request.invalid"),
    ],
)
async def test_what_cannot_be_is_refused_and_the_case_goes_on(
    desk: Desk, changed: dict[str, Any], status: int, code: str
) -> None:
    number = await a_workshop(desk)
    found = await ask(desk, f"cases/{number}/reclassing", RECLASS | changed, seen=1)
    assert found[0] == status
    assert code in (found[1], "account.refused")
    assert (await got(desk, f"cases/{number}"))["state"] == "open"


async def test_a_theft_is_no_change_of_use_and_nobody_else_changes_the_account(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk)
    assert await ask(desk, f"cases/{number}/reclassing", RECLASS, seen=1) == (409, "case.not_possible")
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 3, 1))
    breach = await opened(desk, "breach")
    of_another = {"org_units": ["zj/ningbo"]}
    assert await ask(desk, f"cases/{breach}/reclassing", RECLASS, seen=1, **of_another) == (404, "case.unknown")
