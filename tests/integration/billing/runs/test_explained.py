"""A run whose route has points with neither a read nor a reason waits until they are explained, in any order."""

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


async def test_what_comes_to_be_unexplained_after_all_was_explained_holds_nothing(desk: Desk) -> None:
    await desk.open(account(1))
    known = [usage(1)]
    await desk.give(explained(1, 1))
    await desk.measure(*known)
    await desk.close(closed(known))
    assert (await run(desk))["status"] == "releasing", "at its closing all was explained"


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
