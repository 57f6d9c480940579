"""A run beyond the limits of the policy is released by two people from an amount on, over REST."""

from typing import Any

import httpx

from shared.events.billing import BillIssued
from tests.kits.billing import Desk, account, closed, usage

SUPERVISOR = {"second": "billing:release"}


async def beyond(desk: Desk) -> None:
    """February of four homes, far from January's two, in review."""
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.released(usage(1), usage(2))
    february = [usage(n, 2) for n in range(1, 5)]
    await desk.measure(*february)
    await desk.close(closed(february))
    await desk.work()


async def released(client: httpx.AsyncClient, version: int | None = None) -> httpx.Response:
    run = await client.get("/v1/runs/R1/2026-02")
    body = {"explanation": "a cold month", "business_date": "2026-03-02"}
    seen = {"If-Match": run.headers["ETag"] if version is None else f'"{version}"'}
    return await client.post("/v1/runs/R1/2026-02/release", json=body, headers=seen)


async def issued(desk: Desk) -> int:
    await desk.work()
    return sum(fact.bill.cycle == "2026-02" for fact in await desk.published(BillIssued))


async def test_a_run_whose_sum_is_far_from_the_last_is_released_by_two_people_who_read_none_of_it(desk: Desk) -> None:
    await beyond(desk)
    desk.two_people(run__release=[{"from_fen": 30_000} | SUPERVISOR])
    async with desk.client() as client:
        answer = await released(client)
        assert answer.status_code == 202, answer.text
        asked: dict[str, Any] = answer.json()
        assert (await released(client)).json() == asked, "asked once"
        (told,) = (await client.get("/v1/approvals?kind=run.release")).json()["items"]
    assert [found["code"] for found in told["content"]["findings"]] == ["billing.run_sum_changed"]
    assert told["content"]["ready"] == {"bills": 4, "total_fen": 4 * 200 * 538 // 10}
    assert await issued(desk) == 0
    assert await desk.second(asked, subject="reviewer-1") == ("refused", "approval.own_request")
    assert await desk.second(asked, "billing:review", "approvals:decide") == ("refused", "approval.unknown")
    assert await desk.second(asked, subject="reader-1") == ("refused", "run.releaser_read_meters")
    assert await issued(desk) == 0
    assert await desk.second(asked) == ("done", None)
    assert await desk.second(asked) == ("refused", "approval.not_pending")
    assert await issued(desk) == 4


async def test_a_run_whose_ready_bills_are_others_than_were_seen_is_not_released_by_the_approval(desk: Desk) -> None:
    await beyond(desk)
    desk.two_people()
    async with desk.client() as client:
        asked = (await released(client)).json()
    ((bill_id,),) = await desk.bills("bill_id", contract_no="C1", cycle="2026-02")
    await desk.decide(bill_id, "hold", "2026-03-02")
    assert await desk.second(asked) == ("refused", "run.ready_bills_changed")
    assert await issued(desk) == 0


async def test_a_small_run_beyond_the_limits_is_released_by_one(desk: Desk) -> None:
    await beyond(desk)
    desk.two_people(run__release=[{"from_fen": 50_000} | SUPERVISOR])
    async with desk.client() as client:
        assert (await released(client)).status_code == 200
    assert await issued(desk) == 4
