"""A run whose route has points with neither a read nor a reason waits until they are explained, in any order."""

import random
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from shared.events.billing import BillIssued
from shared.events.fact import Fact
from shared.events.reading import RouteExplained
from tests.kits.billing import Desk, account, closed, usage

CODE = "billing.run_unexplained"


def explained(version: int, unexplained: int, on: str = "2026-02-04", **more: Any) -> RouteExplained:
    said: dict[str, Any] = {"route_no": "R1", "org_unit": "zj/hangzhou", "cycle": "2026-01", "read_date": "2026-02-01"}
    return RouteExplained(**said | {"version": version, "unexplained": unexplained, "explained_on": on} | more)


async def run(desk: Desk, route: str = "R1") -> dict[str, Any]:
    async with desk.client() as client:
        answer = await client.get(f"/v1/runs/{route}/2026-01")
    found: dict[str, Any] = answer.json()
    return found | {"etag": answer.headers["ETag"]}


async def waiting(desk: Desk, points: int = 2) -> None:
    await desk.open(account(1))
    known = [usage(1, quality="estimated", estimate_reason="no_read")]
    await desk.measure(*known)
    await desk.close(closed(known, estimated=1, unexplained=points))
    await desk.work()


async def test_a_run_waits_until_all_is_explained_and_then_goes_on_by_itself(desk: Desk) -> None:
    await waiting(desk)
    held = await run(desk)
    assert (held["status"], held["due_on"]) == ("in_review", "2026-02-02")
    assert [(found["code"], found["severity"], found["values"]) for found in held["findings"]] == [
        (CODE, "hold", {"unexplained": 2})
    ]
    await desk.give(explained(1, 1))
    assert [found["values"] for found in (await run(desk))["findings"]] == [{"unexplained": 1}]
    await desk.work()
    assert await desk.published(BillIssued) == []

    await desk.give(explained(2, 0, "2026-02-05"))
    gone = await run(desk)
    assert (gone["status"], gone["findings"], gone["issue_on"]) == ("releasing", [], "2026-02-05")
    async with desk.client() as client:
        await client.post("/v1/jobs/release-runs/runs", json={"business_date": "2026-02-05"})
    await desk.work()
    (fact,) = await desk.published(BillIssued)
    assert fact.bill.issued_on == date(2026, 2, 5)
    async with desk.client() as client:
        audit = await client.get("/v1/audit-entries", params={"entity_kind": "run", "entity_id": "R1:2026-01"})
    assert "route explained" in [entry["reason"] for entry in audit.json()["items"]]


async def test_the_job_does_not_release_what_is_unexplained_and_other_findings_hold_on(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(9)))
    known = [usage(n, quality="estimated", estimate_reason="no_read") for n in range(9)]
    await desk.measure(*known)
    await desk.close(closed(known, estimated=9, unexplained=9))
    async with desk.client() as client:
        await client.post("/v1/jobs/release-runs/runs", json={"business_date": "2026-02-03"})
    assert {found["code"] for found in (await run(desk))["findings"]} == {CODE, "billing.run_unread"}
    await desk.give(explained(1, 0))
    left = await run(desk)
    assert (left["status"], [found["code"] for found in left["findings"]]) == ("in_review", ["billing.run_unread"])


async def test_a_reviewer_releases_it_with_an_explanation_only(desk: Desk) -> None:
    await waiting(desk)
    etag = {"If-Match": (await run(desk))["etag"]}
    async with desk.client() as client:
        answer = await client.post("/v1/runs/R1/2026-01/release", json={"explanation": " "}, headers=etag)
        assert (answer.status_code, answer.json()["code"]) == (422, "run.explanation_missing")
        said = {"explanation": "The flood: nobody could get there."}
        answer = await client.post("/v1/runs/R1/2026-01/release", json=said, headers=etag)
    assert answer.status_code == 200, answer.text


FACTS: dict[str, Fact] = {"one": explained(1, 1, "2026-02-03"), "none": explained(2, 0, "2026-02-05")}


@pytest.mark.parametrize("order", permutations(("usage", "closed", "one", "none")), ids="-".join)
async def test_in_any_order_and_however_often_the_run_ends_the_same(desk: Desk, order: tuple[str, ...]) -> None:
    await desk.open(account(1))
    known = [usage(1, quality="estimated", estimate_reason="no_read")]
    for step in (*order, *order):
        if step == "usage":
            await desk.measure(*known)
        elif step == "closed":
            await desk.close(closed(known, estimated=1, unexplained=2), day_comes=False)
        else:
            await desk.give(FACTS[step], FACTS[step])
        await desk.work()
    found = await run(desk)
    assert (found["status"], found["findings"], found["due_on"], found["issue_on"]) == (
        "releasing",
        [],
        "2026-02-02",
        "2026-02-05",
    )


STORY: dict[str, Fact] = {
    "one": explained(1, 1, "2026-02-03"),
    "none": explained(2, 0, "2026-02-04"),
    "again": explained(3, 1, "2026-02-05"),
}


ORDERS = random.Random(34).sample(list(permutations(("usage", "closed", *STORY))), 10)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_what_is_unexplained_again_holds_its_run_in_any_order(desk: Desk, order: tuple[str, ...]) -> None:
    await desk.open(account(1))
    known = [usage(1, quality="estimated", estimate_reason="no_read")]
    for step in order:
        if step == "usage":
            await desk.measure(*known)
        elif step == "closed":
            await desk.close(closed(known, estimated=1, unexplained=2, closed_on="2026-02-02"), day_comes=False)
        else:
            await desk.give(STORY[step])
        await desk.work()
    found = await run(desk)
    assert (found["status"], found["unexplained"]) == ("in_review", 1)
    assert [(each["code"], each["values"]) for each in found["findings"]] == [(CODE, {"unexplained": 1})]
    assert await desk.published(BillIssued) == []
    await desk.give(explained(4, 0, "2026-02-06"))
    found = await run(desk)
    assert (found["status"], found["findings"], found["issue_on"]) == ("releasing", [], "2026-02-06")


async def test_a_run_that_waits_for_its_day_is_held_back_and_goes_on_as_it_was_let_go(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)]), day_comes=False)
    assert (await run(desk))["status"] == "releasing"
    await desk.give(explained(1, 1))
    held = await run(desk)
    assert (held["status"], [each["code"] for each in held["findings"]]) == ("in_review", [CODE])
    async with desk.client() as client:
        await client.post("/v1/jobs/release-runs/runs", json={"business_date": "2026-02-05"})
        audit = await client.get("/v1/audit-entries", params={"entity_kind": "run", "entity_id": "R1:2026-01"})
    await desk.work()
    assert await desk.published(BillIssued) == []
    assert [entry["reason"] for entry in audit.json()["items"]][-1] == "points unexplained"
    await desk.give(explained(2, 0, "2026-02-06"))
    gone = await run(desk)
    assert (gone["status"], gone["findings"], gone["issue_on"]) == ("releasing", [], "2026-02-06")


async def test_what_a_person_let_go_is_held_back_for_more_points_only(desk: Desk) -> None:
    await waiting(desk)
    async with desk.client() as client:
        said = {"explanation": "The flood: nobody could get there.", "business_date": "2026-02-09"}
        etag = {"If-Match": (await run(desk))["etag"]}
        answer = await client.post("/v1/runs/R1/2026-01/release", json=said, headers=etag)
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        assert await desk.second(answer.json()) == ("done", None)
    let_go = await run(desk)
    assert (let_go["status"], let_go["unexplained"], let_go["accepted"]) == ("releasing", 2, 2)
    await desk.give(explained(1, 1))
    assert (await run(desk))["status"] == "releasing"
    await desk.give(explained(2, 3))
    held = await run(desk)
    assert (held["status"], [each["values"] for each in held["findings"]]) == ("in_review", [{"unexplained": 3}])
    await desk.give(explained(3, 2))
    again = await run(desk)
    assert (again["status"], again["issue_on"]) == ("releasing", "2026-02-09")
    assert again["released_by"] == let_go["released_by"] is not None, "as it was let go before"


async def test_what_comes_to_be_unexplained_after_the_release_is_listed_and_reading_is_waited_for(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    known = [usage(1), usage(2, route="R2")]
    await desk.measure(*known)
    await desk.close(closed(known[:1]), closed(known[1:]))
    await desk.work()
    assert (await run(desk))["status"] == "released"
    assert await runs(desk, unexplained="true") == []
    await desk.give(explained(1, 1, "2026-02-04"))
    after = await run(desk)
    assert (after["status"], after["findings"], after["unexplained"]) == ("released", [], 1)
    assert await runs(desk, unexplained="true") == ["R1"]
    assert await clock(desk) == (None, "reading")
    async with desk.client() as client:
        metrics = (await client.get("/metrics")).text
    assert 'wattline_run_steps_overdue{step="reviewed"} 0.0' in metrics, "its day is not over"
    await desk.close(closed([usage(3, route="R3")], closed_on="2026-02-05"), day_comes=False)
    async with desk.client() as client:
        metrics = (await client.get("/metrics")).text
    assert 'wattline_run_steps_overdue{step="reviewed"} 1.0' in metrics
    await desk.give(explained(2, 0, "2026-02-06"))
    assert await runs(desk, unexplained="true") == []
    assert await clock(desk) == ("2026-02-06", None)
    assert len(await desk.published(BillIssued)) == 2


async def runs(desk: Desk, **query: str) -> list[str]:
    async with desk.client() as client:
        return [each["route_no"] for each in (await client.get("/v1/runs", params=query)).json()["items"]]


async def clock(desk: Desk, route: str = "R1") -> tuple[str | None, str | None]:
    """Return when a run was reviewed, and who is waited for."""
    async with desk.client() as client:
        items = (await client.get("/v1/run-clocks", params={"cycle": "2026-01"})).json()["items"]
    (one,) = [each for each in items if each["route_no"] == route]
    (reviewed,) = [step["done_on"] for step in one["steps"] if step["step"] == "reviewed"]
    return reviewed, one["held_by"]


async def test_where_the_policy_says_off_nothing_waits(desk: Desk) -> None:
    desk.run_unexplained("off")
    await waiting(desk)
    assert len(await desk.published(BillIssued)) == 1


async def test_hearing_takes_as_many_statements_for_100_routes_as_for_10(desk: Desk) -> None:
    counts = []
    seen = desk.watch()
    for first, count in ((0, 10), (100, 100), (300, 10)):
        numbers = range(first, first + count)
        await desk.open(*(account(n) for n in numbers))
        usages = [usage(n, route=f"R{n}") for n in numbers]
        await desk.measure(*usages)
        await desk.close(*(closed([one], unexplained=1) for one in usages), day_comes=False)
        facts = [explained(1, 0, route_no=f"R{n}") for n in numbers]
        seen.clear()
        await desk.give(*facts)
        counts.append(len(seen))
    assert counts[1] <= counts[0]
    assert counts[1] == counts[2]
