"""Reviewers' holds, the job that catches up, and findings that travel with a bill."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from services.billing.runs import jobs, store
from services.billing.runs.tables import BILL_RUN
from shared.db import jobs as platform_jobs
from shared.events.billing import BillIssued
from tests.kits.billing import Desk, account, closed, usage


async def decide(desk: Desk, row: Any, decision: str, explanation: str = "") -> Any:
    async with desk.client() as client:
        answer = await client.post(
            f"/v1/bills/{row.bill_id}/decisions",
            json={"decision": decision, "explanation": explanation},
            headers={"If-Match": f'"{row.row_version}"'},
        )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_bill_that_a_reviewer_holds_does_not_go_out_with_its_run(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(usage(1), usage(2))
    (first, _) = await desk.bills()
    await decide(desk, first, "hold", "looks odd")
    await desk.close(closed([usage(1), usage(2)]))
    await desk.work()
    assert await desk.bills("account_no", "status") == [("A1", "held"), ("A2", "issued")]
    (first, _) = await desk.bills()
    await decide(desk, first, "approve", "fine after all")
    await desk.work()
    assert len(await desk.published(BillIssued)) == 2


async def test_the_job_releases_a_run_that_an_automatic_policy_left_in_review(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)]))
    # as it stands where the policy changed from reviewer to automatic after the route had closed
    async with desk.db.begin() as tx:
        await tx.execute(update(BILL_RUN).values(status="in_review", issue_on=None))
    job = jobs.release_runs(desk.context)
    nothing = await platform_jobs.run(desk.db, job, date(2026, 1, 1))
    assert nothing.reason == "no run of a route that was closed by 2026-01-01 is left to be released"
    early = await platform_jobs.run(desk.db, job, date(2026, 2, 1))
    due = await platform_jobs.run(desk.db, job, date(2026, 2, 4))
    again = await platform_jobs.run(desk.db, job, date(2026, 2, 4))
    await desk.work()
    assert [r.counts for r in (early, due)] == [{"released": 0}, {"released": 1}]
    assert again.chunks_done == 0
    assert [f.bill.issued_on for f in await desk.published(BillIssued)] == [date(2026, 2, 4)]


async def test_runs_whose_totals_go_on_differing_keep_none_behind_them_from_being_checked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "RECHECKED_MAX", 1)
    await desk.open(*(account(n) for n in (1, 2, 3)))
    facts = [usage(n, 1, route=f"R{n}") for n in (1, 2, 3)]
    await desk.measure(*facts)
    await desk.close(*(closed([fact], **({} if n == 3 else {"usages": 2})) for n, fact in enumerate(facts, 1)))
    # as it stands where usages and closing came at the very same moment
    async with desk.db.begin() as tx:
        await tx.execute(update(BILL_RUN).where(BILL_RUN.c.route_no == "R3").values(status="open", issue_on=None))
    await desk.work()
    async with desk.client() as client:
        runs = (await client.get("/v1/runs", params={"cycle": "2026-01"})).json()["items"]
    assert [run["status"] for run in runs] == ["open", "open", "released"]


async def test_the_jobs_look_at_all_runs_however_many_stand_before_them(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "RUNS_PAGE", 1)
    await desk.open(*(account(n) for n in (1, 2, 3)))
    facts = [usage(n, 1, route=f"R{n}") for n in (1, 2, 3)]
    await desk.measure(*facts)
    await desk.close(*(closed([fact], missed=0 if n == 3 else 9) for n, fact in enumerate(facts, 1)))
    async with desk.db.begin() as tx:
        await tx.execute(update(BILL_RUN).where(BILL_RUN.c.route_no == "R3").values(status="in_review", issue_on=None))
    job = jobs.release_runs(desk.context)
    assert (await platform_jobs.run(desk.db, job, date(2026, 2, 4))).counts == {"released": 1}
    await desk.work()
    assert [fact.account_no for fact in await desk.published(BillIssued)] == ["A3"]
    async with desk.db.view() as view:
        assert await store.gone_out(view, date(2026, 2, 4)) == [("R3", "2026-01")]
        assert [row.route_no for row in await store.not_done(view, [])] == ["R1", "R2"]


async def test_findings_of_the_reads_and_the_seventh_estimate_are_seen_on_the_bill(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(
        usage(1, findings=("reading.high_against_history",)),
        usage(2, quality="estimated", estimate_reason="no_access", estimates_in_a_row=7),
    )
    found = [orjson.loads(text) for (text,) in await desk.bills("findings")]
    assert [(f[0]["code"], f[0]["severity"]) for f in found] == [
        ("reading.high_against_history", "warn"),
        ("billing.estimated_usage", "hold"),
    ]
    assert [s for (s,) in await desk.bills("status")] == ["ready", "held"]


async def test_negative_usage_is_held(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, -20))
    ((status, findings),) = await desk.bills("status", "findings")
    assert status == "held"
    assert "billing.negative_usage" in findings


async def test_a_two_part_meter_is_billed_by_period(desk: Desk) -> None:
    await desk.open(account(1, tariff="CN-ZJ/residential/time-of-use"))
    energy = {"import": 300_000, "import.peak": 200_000, "import.valley": 100_000}
    await desk.released(usage(1, energy_wh=energy))
    assert await desk.bills("energy_wh", "total_fen") == [(300_000, 200 * 568 // 10 + 100 * 288 // 10)]


async def test_a_new_tariff_from_a_day_on_is_used_from_there(desk: Desk) -> None:
    first = account(1).contracts[0]
    changed = type(first.assignments[0])(date(2026, 2, 1), "CN-ZJ/residential/combined")
    contract = replace(first, assignments=(*first.assignments, changed))
    await desk.open(account(1, contracts=(contract,)))
    await desk.measure(usage(1, 1, 100), usage(1, 2, 100))
    assert await desk.bills("total_fen") == [(5380,), (5580,)]
