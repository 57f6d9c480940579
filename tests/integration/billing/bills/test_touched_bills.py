"""A price that changes for days that are billed already: the bills that it touches, and those that have not gone out yet."""

from typing import Any

import orjson
import pytest

from services.billing.bills.domain.policy import CORRECT, PROPOSE
from services.billing.runs.use_cases import issue
from services.billing.tariffs.documents import packaged
from shared.events.billing import BillCorrected
from shared.events.reading import UsageMeasured
from tests.kits.billing import PLAIN, Desk, account, closed, state, usage

VERSIONS = "/v1/tariffs/CN-XX/home/versions/"
SERIES = "/v1/rating-documents/series/CN-XX/market"
MONTHS = ["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]


def home(version: int, start: str, price: Any = "0.538", **more: Any) -> dict[str, Any]:
    """The plain tariff of Zhejiang under another name, open at its end, the first price of its ladder changed."""
    text = orjson.dumps(next(d for d in packaged.documents("sample") if d.get("id") == PLAIN)).decode()
    document: dict[str, Any] = orjson.loads(text.replace('"0.538"', orjson.dumps(price).decode()))
    return document | {"id": "CN-XX/home", "version": version, "effective": {"from": start, "to": None}, **more}


def market(*prices: str) -> dict[str, Any]:
    values = [
        {"from": start, "to": end, "price": price}
        for start, end, price in zip(MONTHS, MONTHS[1:], prices, strict=False)
    ]
    return {"series": "CN-XX/market", "unit": "CNY/kWh", "source": "a test", "values": values}


async def touched(desk: Desk, url: str, org_units: list[str] | None = None, days: Any = None) -> list[tuple[str, str]]:
    """The contract and cycle of each bill, read in pages of one."""
    found: list[tuple[str, str]] = []
    async with desk.client("billing:read", org_units=org_units or ["*"]) as client:
        cursor: dict[str, str] = {}
        while True:
            page = (await client.get(f"{url}/touched-bills", params={"limit": "1", **(days or {}), **cursor})).json()
            found += [(item["contract_no"], item["cycle"]) for item in page["items"]]
            if page["next_cursor"] is None:
                return sorted(found)
            cursor = {"cursor": page["next_cursor"]}


async def release(desk: Desk, *usages: UsageMeasured) -> None:
    await desk.measure(*usages)
    await desk.close(closed(usages, route=usages[0].route_no))
    await desk.work()


async def test_a_retroactive_version_lists_the_issued_bills_of_its_days_that_another_one_rated(desk: Desk) -> None:
    await desk.activate(home(1, "2020-01-01"))
    far = account(3, tariff="CN-XX/home", org_unit="zj/ningbo")
    await desk.open(account(1, tariff="CN-XX/home"), account(2), far)
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle), usage(2, cycle))
    await release(desk, usage(3, 2, route="R3", org_unit="zj/ningbo"))
    await desk.activate(home(2, "2026-02-10", "0.638"))

    assert await touched(desk, VERSIONS + "2") == [("C1", "2026-02"), ("C1", "2026-03"), ("C3", "2026-02")]
    assert await touched(desk, VERSIONS + "2", ["zj/ningbo"]) == [("C3", "2026-02")]
    assert await touched(desk, VERSIONS + "1") == [], "its own bills used it"
    await desk.released(usage(1, 4))
    assert ("C1", "2026-04") not in await touched(desk, VERSIONS + "2"), "rated by the new version"
    async with desk.client() as client:
        assert (await client.get(VERSIONS + "3/touched-bills")).status_code == 404
        shown = (await client.get(VERSIONS + "2/touched-bills")).json()["items"][0]
        bill = (await client.get(f"/v1/bills/{shown['bill_id']}")).json()
    assert shown["tariffs"] == bill["tariffs"]
    assert (shown["total_fen"], shown["issued_on"]) == (bill["total_fen"], bill["issued_on"])
    async with desk.client("billing:write") as client:
        assert (await client.get(VERSIONS + "2/touched-bills")).status_code == 403


async def rereleased(desk: Desk) -> list[Any]:
    """Two bills of a month, ready to go out when a version begins that raises the price of one within its days."""
    await desk.activate(home(1, "2020-01-01"))
    await desk.open(account(2, tariff="CN-XX/home"), account(3))
    both = [usage(2, 2), usage(3, 2)]
    await desk.measure(*both)
    await desk.activate(home(2, "2026-02-10", "0.638"))
    return both


async def test_a_bill_that_is_ready_follows_a_version_that_has_begun_within_its_days(desk: Desk) -> None:
    await desk.close(closed(await rereleased(desk)))
    await desk.work()
    assert await desk.bills("contract_no", "status") == [("C2", "replaced"), ("C2", "issued"), ("C3", "issued")]
    (fen,) = {total for (total,) in await desk.bills("total_fen", status="issued", contract_no="C2")}
    assert fen > 200 * 53.8


async def test_a_bill_that_would_go_out_before_it_has_followed_is_held_until_it_has(desk: Desk) -> None:
    await desk.close(closed(await rereleased(desk)))
    async with desk.db.begin() as tx:
        await issue.issue(tx, context=desk.context)
    assert await desk.bills("contract_no", "status") == [("C2", "held"), ("C3", "issued")]
    ((findings,),) = await desk.bills("findings", contract_no="C2")
    assert "billing.tariff_changed" in findings
    await desk.work()
    assert await desk.bills("status", contract_no="C2") == [("replaced",), ("issued",)]


@pytest.mark.parametrize("changed_facts", [PROPOSE, CORRECT])
async def test_issued_bills_follow_a_retroactive_version_as_the_policy_says(desk: Desk, changed_facts: str) -> None:
    desk.correct_by(changed_facts=changed_facts)
    await desk.activate(home(1, "2020-01-01"))
    await desk.open(account(1, tariff="CN-XX/home"), account(2))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle), usage(2, cycle))
    await desk.activate(home(2, "2026-02-01", "0.638"))
    await desk.work()
    async with desk.client() as client:
        queue = (await client.get("/v1/review-queue")).json()["items"]
        queue.sort(key=lambda item: item["cycle"])
        (change,) = (await client.get("/v1/rating-changes?limit=100")).json()["items"][-1:]
    assert (change["document_id"], change["from"], change["contracts"]) == ("CN-XX/home", "2026-02-01", 1)
    assert change["followed_at"] is not None
    if changed_facts == PROPOSE:
        assert [(i["cycle"], i["findings"][-1]["code"]) for i in queue] == [
            ("2026-02", "billing.tariff_changed"),
            ("2026-03", "billing.tariff_changed"),
        ]
        assert await desk.published(BillCorrected) == []
        await desk.decide(queue[0]["bill_id"], "approve", "2026-04-10")
    (fact,) = await desk.published(BillCorrected)
    assert (fact.reason, [b.total_fen for b in fact.replacements]) == ("tariff_changed", [200 * 638 // 10] * 2)
    assert await desk.work() == 0, "nothing is left to follow"


async def test_only_the_months_of_a_series_that_changed_are_looked_at_again(desk: Desk) -> None:
    desk.correct_by(changed_facts=CORRECT)
    await desk.activate(market("0.4", "0.5"))
    await desk.activate(home(1, "2020-01-01", {"series": "CN-XX/market"}, series_at="bill_month"))
    await desk.open(account(1, tariff="CN-XX/home"))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle))
    await desk.activate(market("0.4", "0.5", "0.6"))  # the next month
    await desk.work()
    assert await desk.published(BillCorrected) == []
    await desk.activate(market("0.4", "0.7", "0.6"))
    await desk.work()
    (fact,) = await desk.published(BillCorrected)
    assert [(b.cycle, b.total_fen) for b in fact.replacements] == [("2026-02", 200 * 70)]
    async with desk.client() as client:
        changes = (await client.get("/v1/rating-changes?limit=100")).json()["items"]
    days = [(c["from"], c["to"]) for c in changes if c["document_id"] == "CN-XX/market"]
    assert days == [("2026-01-01", "2026-03-01"), ("2026-03-01", "2026-04-01"), ("2026-02-01", "2026-03-01")]


async def test_a_bill_that_could_not_be_rated_goes_out_once_its_price_is_there(desk: Desk) -> None:
    await desk.activate(market("0.4"))
    await desk.activate(home(1, "2020-01-01", {"series": "CN-XX/market"}, series_at="bill_month"))
    await desk.open(account(1, tariff="CN-XX/home"))
    await desk.released(usage(1, 2))
    assert await desk.bills("status") == [("held",)]
    await desk.activate(home(1, "2020-01-01") | {"id": "CN-XX/other"})
    await desk.work()
    assert await desk.bills("status") == [("held",)], "still without a price: it stays the bill that it is"
    await desk.activate(market("0.4", "0.5"))
    await desk.work()
    assert await desk.bills("status", "total_fen") == [("replaced", 0), ("issued", 10000)]


async def test_a_series_lists_the_issued_bills_that_read_it_for_the_days_that_changed(desk: Desk) -> None:
    await desk.activate(market("0.4", "0.5", "0.6"))
    await desk.activate(home(1, "2020-01-01", {"series": "CN-XX/market"}, series_at="bill_month"))
    await desk.open(account(1, tariff="CN-XX/home"), account(2))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle), usage(2, cycle))
    assert [status for (status,) in await desk.bills("status", contract_no="C1")] == ["issued"] * 3
    await desk.activate(market("0.4", "0.7", "0.6"))

    found = await touched(desk, SERIES, days={"from": "2026-02-02", "to": "2026-03-01"})
    assert found == [("C1", "2026-02")]
    assert await touched(desk, SERIES, days={"from": "2026-02-01", "to": "2026-03-01"}) == [
        ("C1", "2026-01"),  # its read day is the first of February
        ("C1", "2026-02"),
    ]
    assert await touched(desk, SERIES, days={"from": "2026-05-01", "to": "2026-06-01"}) == []
    assert await touched(desk, SERIES, days={"from": "2199-12-31", "to": "1950-01-01"}) == []
    async with desk.client() as client:
        unknown = SERIES.replace("market", "none") + "/touched-bills"
        assert (await client.get(unknown, params={"from": "2026-02-01", "to": "2026-03-01"})).status_code == 404
        assert (await client.get(SERIES + "/touched-bills")).status_code == 422


async def test_days_on_which_a_tariff_does_not_hold_wait_for_a_version_and_follow_it(
    desk: Desk,
) -> None:
    """January has no price, February one from the 11th on, March no ladder state: held, and then rated, by themselves."""
    await desk.activate(home(2, "2026-02-11"))
    tariffs = [{"from": "2020-01-01", "tariff": "CN-XX/home"}]
    one = state()
    async with desk.client() as client:
        body = one | {"contracts": [one["contracts"][0] | {"tariffs": tariffs}]}
        assert (await client.put("/v1/accounts/A1", json=body)).status_code == 200
    await desk.measure(usage(1, 1, 10))
    await desk.measure(usage(1, 2, 10))
    await desk.measure(usage(1, 3, 10))
    async with desk.client() as client:
        bills = [
            (await client.get(f"/v1/bills/{item['bill_id']}")).json()
            for item in (await client.get("/v1/bills")).json()["items"]
        ]
    reasons = {
        bill["cycle"]: [f["values"]["code"] for f in bill["findings"] if f["code"] == "billing.not_rated"]
        for bill in bills
    }
    assert reasons == {
        "2026-01": ["version_missing"],
        "2026-02": ["version_missing"],
        "2026-03": ["ladder_state_missing"],
    }
    await desk.activate(home(1, "2020-01-01", effective={"from": "2020-01-01", "to": "2026-02-11"}))
    await desk.work()
    found = await desk.bills("cycle", "status", "total_fen")
    assert sorted(each for each in found if each[1] != "replaced") == [
        (f"2026-{month:02}", "ready", 538) for month in (1, 2, 3)
    ]
