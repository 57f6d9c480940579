"""A run beyond the limits of the policy, or before it is due, is released by two people from an amount on, over REST."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.billing.runs import jobs
from shared.db import jobs as platform_jobs
from shared.events.billing import BillIssued
from tests.kits import billing as billing_kit
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


async def test_who_names_a_day_of_a_laxer_policy_needs_a_second_person_all_the_same(desk: Desk) -> None:
    await beyond(desk)
    other = usage(9, 2, route="R2")
    await desk.close(closed([other], closed_on=date(2026, 3, 4)))  # the business day comes
    desk.two_people_since("2026-03-03")
    async with desk.client() as client:
        assert (await released(client)).status_code == 202
    assert await issued(desk) == 0


@pytest.fixture
async def reviewed(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    rule = {"*": {"mode": "reviewer", "issue_after_business_days": 1, "due_days": 20}}
    file = billing_kit.policy_file(tmp_path / "policy.json", release=rule, approvals={})
    async with billing_kit.desk(database_url, tmp_path, WATTLINE_BILLING_POLICY=str(file)) as made:
        yield made


async def before_a_holiday(desk: Desk) -> str:
    """A run of the day before the spring festival, which is due after it, in review; return its version."""
    day = date(2026, 2, 14)
    one = usage(1, read_date=day, period_to=day)
    await desk.open(account(1))
    await desk.measure(one)
    await desk.close(closed([one]), day_comes=False)
    async with desk.client() as client:
        run = await client.get("/v1/runs/R1/2026-01")
    assert (run.json()["status"], run.json()["due_on"]) == ("in_review", "2026-02-24")
    return run.headers["ETag"]


async def out(desk: Desk) -> list[date]:
    await desk.work()
    return [fact.bill.issued_on for fact in await desk.published(BillIssued)]


async def test_before_it_is_due_a_run_is_released_by_two_people(reviewed: Desk) -> None:
    desk, body = reviewed, {"explanation": "before the holidays", "business_date": "2026-02-16"}
    seen = {"If-Match": await before_a_holiday(desk)}
    async with desk.client() as client:
        asked = await client.post("/v1/runs/R1/2026-01/release", json=body, headers=seen)
        (told,) = (await client.get("/v1/approvals?kind=run.release")).json()["items"]
    assert asked.status_code == 202, asked.text
    assert (told["content"]["business_date"], told["content"]["due_on"]) == ("2026-02-16", "2026-02-24")
    assert await out(desk) == []
    assert await desk.second(asked.json(), subject="reviewer-1") == ("refused", "approval.own_request")
    assert await desk.second(asked.json()) == ("done", None)
    assert await out(desk) == [date(2026, 2, 16)]


async def test_who_releases_a_run_and_names_no_day_lets_it_out_when_it_is_due(reviewed: Desk) -> None:
    desk, seen = reviewed, {"If-Match": await before_a_holiday(reviewed)}
    async with desk.client() as client:
        answer = await client.post("/v1/runs/R1/2026-01/release", json={"explanation": "checked"}, headers=seen)
    assert (answer.status_code, answer.json()["issue_on"]) == (200, "2026-02-24")
    for day, issued_on in ((date(2026, 2, 23), []), (date(2026, 2, 24), [date(2026, 2, 24)])):
        await platform_jobs.run(desk.db, jobs.release_runs(desk.context), day)
        assert await out(desk) == issued_on


async def test_a_small_run_is_released_by_one_before_it_is_due(reviewed: Desk) -> None:
    desk, body = reviewed, {"explanation": "before the holidays", "business_date": "2026-02-16"}
    seen = {"If-Match": await before_a_holiday(desk)}
    desk.two_people(run__release=[{"from_fen": 50_000} | SUPERVISOR])
    async with desk.client() as client:
        assert (await client.post("/v1/runs/R1/2026-01/release", json=body, headers=seen)).status_code == 200
    assert await out(desk) == [date(2026, 2, 16)]
