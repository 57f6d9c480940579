"""Energy without a contract over REST: it is listed until one comes, and a person can say why none will."""

import httpx

from tests.kits.billing import Desk, account, usage

REASON = {"reason": "an empty flat"}


async def listed(client: httpx.AsyncClient, status: str = "waiting") -> list[str]:
    answer = await client.get("/v1/waiting-usages", params={"status": status})
    return [item["usage_id"] for item in answer.json()["items"]]


async def test_a_waiting_usage_is_closed_with_a_reason_and_stays_listed(desk: Desk) -> None:
    await desk.measure(usage(1), usage(2))
    async with desk.client() as client:
        first = await client.post("/v1/waiting-usages/U-1-1-1/closing", json=REASON)
        again = await client.post("/v1/waiting-usages/U-1-1-1/closing", json=REASON)
        other = await client.post("/v1/waiting-usages/U-1-1-1/closing", json={"reason": "another"})
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert (other.status_code, other.json()["code"]) == (409, "usage.closed_for_another_reason")
        assert (first.json()["closed_reason"], first.json()["closed_by"]) == ("an empty flat", "reviewer-1")
        assert (await listed(client), await listed(client, "closed")) == (["U-2-1-1"], ["U-1-1-1"])
        (entry,) = (
            await client.get("/v1/audit-entries", params={"entity_kind": "usage", "entity_id": "U-1-1-1"})
        ).json()["items"]
    assert (entry["action"], entry["actor"], entry["reason"]) == ("usage.closed", "reviewer-1", "an empty flat")
    totals = await desk.totals()
    assert [totals[name] for name in ("waiting_wh", "closed_wh", "usage_in_force_wh")] == [200_000, 200_000, 400_000]


async def test_what_does_not_wait_cannot_be_closed(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.measure(usage(2, org_unit="sc/chengdu"))
    async with desk.client(org_units=("zj",)) as client:
        billed = await client.post("/v1/waiting-usages/U-1-1-1/closing", json=REASON)
        unknown = await client.post("/v1/waiting-usages/U-9/closing", json=REASON)
        elsewhere = await client.post("/v1/waiting-usages/U-2-1-1/closing", json=REASON)
    assert (billed.status_code, billed.json()["code"]) == (409, "usage.not_waiting")
    assert unknown.status_code == elsewhere.status_code == 404


async def test_a_contract_that_comes_bills_what_was_closed(desk: Desk) -> None:
    await desk.measure(usage(1))
    async with desk.client() as client:
        await client.post("/v1/waiting-usages/U-1-1-1/closing", json=REASON)
        await desk.open(account(1))
        assert await listed(client, "closed") == []
    assert await desk.bills("status") == [("ready",)]


async def test_a_newer_version_of_what_was_closed_waits_anew(desk: Desk) -> None:
    await desk.measure(usage(1))
    async with desk.client() as client:
        await client.post("/v1/waiting-usages/U-1-1-1/closing", json=REASON)
        await desk.measure(usage(1, kwh=210, version=2))
        assert (await listed(client), await listed(client, "closed")) == (["U-1-1-2"], [])
        shown = (await client.get("/v1/usages", params={"service_point_no": "SP1"})).json()["items"]
    assert [(item["usage_id"], item["status"]) for item in shown] == [
        ("U-1-1-1", "superseded"),
        ("U-1-1-2", "in_force"),
    ]
