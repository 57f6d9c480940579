"""Bill runs: when they are released, and what stays behind."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import orjson
import pytest
from sqlalchemy import select

from services.billing.runs import jobs
from services.billing.runs.tables import BILL_RUN
from services.billing.runs.use_cases import issue, switch
from shared.db import jobs as platform_jobs
from shared.events.billing import BillIssued
from tests.kits import billing as billing_kit
from tests.kits import webapp
from tests.kits.billing import Desk, account, closed, usage


async def run_of(desk: Desk, cycle: str = "2026-01") -> tuple[str, str]:
    async with desk.db.view() as view:
        row = await view.first(select(BILL_RUN).where(BILL_RUN.c.cycle == cycle))
    assert row is not None
    return row.status, row.findings


async def test_a_run_whose_totals_differ_from_the_routes_is_not_released(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], usages=2))
    await desk.work()
    status, findings = await run_of(desk)
    assert status == "open"
    assert "billing.run_totals_differ" in findings
    assert await desk.published(BillIssued) == []


async def test_a_usage_after_its_route_closed_completes_the_run(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1), usage(2)], closed_on=date(2026, 2, 2)))
    await desk.work()
    assert (await run_of(desk))[0] == "open"
    await desk.measure(usage(2))
    await desk.work()
    assert (await run_of(desk))[0] == "released"
    assert len(await desk.published(BillIssued)) == 2


async def test_a_run_far_from_the_last_one_waits_for_a_reviewer(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 200))
    await desk.measure(usage(1, 2, 301))
    await desk.close(closed([usage(1, 2, 301)]))
    await desk.work()
    status, findings = await run_of(desk, "2026-02")
    assert status == "in_review"
    assert "billing.run_sum_changed" in findings


async def test_a_run_at_the_limit_of_change_goes_out_by_itself(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 200))
    await desk.released(usage(1, 2, 300))
    assert (await run_of(desk, "2026-02"))[0] == "released"


async def test_a_run_of_which_six_of_nine_were_estimated_waits_for_a_reviewer(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(1, 10)))
    measured = [usage(n, quality="estimated" if n <= 6 else "actual") for n in range(1, 10)]
    await desk.measure(*measured)
    await desk.close(closed(measured))
    await desk.work()
    status, findings = await run_of(desk)
    assert status == "in_review"
    (found,) = orjson.loads(findings)
    assert (found["code"], found["values"]) == ("billing.run_unread", {"estimated": 6, "missed": 0, "points": 9})
    assert await desk.published(BillIssued) == []


async def test_a_held_bill_stays_behind_its_run(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.released(usage(1, 1, 1001), usage(2, 1, 1000))
    assert await desk.bills("account_no", "status") == [("A1", "held"), ("A2", "issued")]
    assert (await run_of(desk))[0] == "released"


async def test_the_switch_stops_issuing_until_it_is_thrown_back(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    async with desk.db.begin() as tx:
        await switch.throw(tx, stopped=True, reason="wrong price", seen=0, actor="chief", context=desk.context)
    await desk.close(closed([usage(1)]))
    await desk.work()
    assert await desk.published(BillIssued) == []
    assert (await run_of(desk))[0] == "releasing"
    async with desk.db.begin() as tx:
        await switch.throw(tx, stopped=False, reason="mended", seen=1, actor="chief", context=desk.context)
    await desk.work()
    assert len(await desk.published(BillIssued)) == 1


async def test_issuing_goes_on_in_chunks_where_it_was_cut(desk: Desk) -> None:
    usages = [usage(n) for n in range(5)]
    await desk.open(*(account(n) for n in range(5)))
    await desk.measure(*usages)
    await desk.close(closed(usages))
    async with desk.db.begin() as tx:
        first = await issue.issue(tx, context=desk.context, limit=2)
    assert first.issued == 2
    await desk.work()
    assert sorted(f.account_no for f in await desk.published(BillIssued)) == [f"A{n}" for n in range(5)]


@pytest.fixture
async def by_reviewer(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    rule = {"*": {"mode": "reviewer", "issue_after_days": 1, "due_days": 20}}
    file = billing_kit.policy_file(tmp_path / "policy.json", release=rule)
    async with billing_kit.desk(database_url, tmp_path, WATTLINE_BILLING_POLICY=str(file)) as made:
        yield made


async def test_a_reviewer_releases_a_run_over_the_api(by_reviewer: Desk) -> None:
    desk = by_reviewer
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)]))
    async with desk.client() as client:
        shown = await client.get("/v1/runs/R1/2026-01")
        assert (shown.json()["status"], shown.json()["bills"]) == ("in_review", {"ready": 1})
        url, body = "/v1/runs/R1/2026-01/release", {"explanation": "checked"}
        unseen = await client.post(url, json=body)
        ahead = await client.post(
            url, json=body | {"business_date": "2199-01-01"}, headers={"If-Match": shown.headers["ETag"]}
        )
        early = [
            await client.post(url, json=body | {"business_date": day}, headers={"If-Match": shown.headers["ETag"]})
            for day in ("1950-01-01", "2026-01-31")
        ]
        stale = await client.post(url, json=body, headers={"If-Match": '"1"'})
        done = await client.post(
            url, json=body | {"business_date": "2026-02-03"}, headers={"If-Match": shown.headers["ETag"]}
        )
        again = await client.post(url, json=body, headers={"If-Match": f'"{done.json()["version"]}"'})
    assert (ahead.status_code, ahead.json()["code"]) == (422, "business_date.in_the_future")
    assert {(each.status_code, each.json()["code"]) for each in early} == {(422, "run.released_before_its_closing")}
    assert (unseen.status_code, stale.status_code, stale.json()["code"]) == (428, 412, "precondition.stale")
    assert (done.status_code, again.json()["code"]) == (200, "run.not_in_review")
    await desk.work()
    assert [f.bill.issued_on for f in await desk.published(BillIssued)] == [date(2026, 2, 3)]


async def test_the_clock_of_the_next_day_runs_from_the_closing_of_a_route_until_its_release(by_reviewer: Desk) -> None:
    desk = by_reviewer
    desk.db.clock = webapp.FixedClock(datetime(2026, 2, 1, 12, tzinfo=UTC))

    async def gauge(client: httpx.AsyncClient, name: str) -> float:
        (line,) = [x for x in (await client.get("/metrics")).text.splitlines() if x.startswith(f"wattline_{name} ")]
        return float(line.split()[1])

    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)]))
    async with desk.client() as client:
        url = "/v1/runs/R1/2026-01"
        seen = await client.get(url)
        before = await gauge(client, "runs_unreleased_oldest_age_seconds")
        body = {"business_date": "2026-02-02"}
        answer = await client.post(f"{url}/release", json=body, headers={"If-Match": seen.headers["ETag"]})
        assert answer.status_code == 200, answer.text
        await desk.work()
        after = await gauge(client, "runs_unreleased_oldest_age_seconds")
    since = datetime.now(UTC) - desk.db.clock.now()
    assert (before, after) == (pytest.approx(since.total_seconds(), abs=60), 0.0)


async def test_who_read_the_meters_may_not_release_their_run(by_reviewer: Desk) -> None:
    await by_reviewer.open(account(1))
    await by_reviewer.measure(usage(1))
    await by_reviewer.close(closed([usage(1)]))
    async with by_reviewer.client(subject="reader-1") as client:
        shown = await client.get("/v1/runs/R1/2026-01")
        answer = await client.post("/v1/runs/R1/2026-01/release", json={}, headers={"If-Match": shown.headers["ETag"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "run.releaser_read_meters")


async def test_the_job_catches_up_with_runs_only_where_the_policy_is_automatic(by_reviewer: Desk) -> None:
    await by_reviewer.open(account(1))
    await by_reviewer.measure(usage(1))
    await by_reviewer.close(closed([usage(1)]))
    job = jobs.release_runs(by_reviewer.context)
    result = await platform_jobs.run(by_reviewer.db, job, date(2026, 2, 2))
    assert (result.chunks_done, result.counts) == (1, {"released": 0})


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_read_dates_of_one_cycle_complete_its_run_in_any_order(desk: Desk, order: tuple[int, int]) -> None:
    await desk.open(account(1))
    middle = date(2026, 1, 15)
    first = usage(1, usage_id="U-first", period_to=middle, read_date=middle)
    second = usage(1, usage_id="U-second", period_from=middle)
    await desk.measure(first, second)
    closings = [closed([first]), closed([second])]
    await desk.close(*(closings[i] for i in order))
    await desk.work()
    assert (await run_of(desk))[0] == "released"
    assert [fact.bill.period_to for fact in await desk.published(BillIssued)] == [middle, date(2026, 2, 1)]


async def test_the_job_that_has_no_run_to_release_says_so(by_reviewer: Desk) -> None:
    await by_reviewer.open(account(1))
    await by_reviewer.measure(usage(1))
    await by_reviewer.close(closed([usage(1)]))
    said = {}
    async with by_reviewer.client() as client:
        for day in ("2026-01-31", "2026-02-01"):
            answer = await client.post("/v1/jobs/release-runs/runs", json={"business_date": day})
            said[day] = answer.json()["reason"]
    assert said == {
        "2026-01-31": "no run of a route that was closed by 2026-01-31 is left to be released",
        "2026-02-01": None,
    }
