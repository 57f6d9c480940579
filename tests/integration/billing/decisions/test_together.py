"""One decision on many bills with the same finding, each answered by itself, over REST."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.billing.review.tables import FINDING_VERDICT, REVIEW_DECISION
from shared.events.billing import BillCorrected, BillIssued, RereadRequested
from tests.kits.billing import Desk, account, closed, usage

MANY = "/v1/review-decisions"
HOME = "billing.implausible_home"


async def homes(desk: Desk, many: int, *, start: int = 1, **more: Any) -> list[Any]:
    """Implausible homes on one route; return their bills."""
    numbers = range(start, start + many)
    await desk.open(*(account(n) for n in numbers))
    await desk.measure(*(usage(n, 1, 1200, route=f"R{start}", **more) for n in numbers))
    return [row for row in await desk.bills(route_no=f"R{start}") if row.status == "held"]


def seen(*rows: Any) -> list[dict[str, Any]]:
    return [{"bill_id": row.bill_id, "row_version": row.row_version} for row in rows]


async def together(client: httpx.AsyncClient, *rows: Any, decision: str = "approve", **more: Any) -> httpx.Response:
    body = {
        "code": HOME,
        "verdict": "known",
        "decision": decision,
        "explanation": "all have a kiln",
        "items": seen(*rows),
    }
    return await client.post(MANY, json=body | more)


def outcomes(answer: httpx.Response) -> list[tuple[str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(each["status"], each.get("code")) for each in answer.json()["outcomes"]]


async def test_many_bills_of_one_finding_are_approved_with_one_explanation_and_one_verdict(desk: Desk) -> None:
    rows = await homes(desk, 3)
    async with desk.client() as client:
        assert outcomes(await together(client, *rows, business_date="2026-02-05")) == [("done", None)] * 3
        shown = [(await client.get(f"/v1/bills/{row.bill_id}")).json() for row in rows]
    await desk.close(closed([usage(n, 1, 1200, route="R1") for n in (1, 2, 3)]))
    await desk.work()
    assert len(await desk.published(BillIssued)) == 3
    for bill in shown:
        (made,) = bill["decisions"]
        assert (made["decision"], made["explanation"], made["verdicts"]) == (
            "approve",
            "all have a kiln",
            {HOME: "known"},
        )


async def test_each_bill_has_an_outcome_of_its_own(desk: Desk) -> None:
    good, stale, read, theirs, far = await homes(desk, 5)
    await homes(desk, 1, start=11, actors=("reviewer-1", "uploader-1"))
    await desk.open(account(21), account(22, org_unit="zj/ningbo"))
    await desk.measure(usage(21, 1, 500), usage(21, 2, 1200), usage(22, 1, 1200, org_unit="zj/ningbo"))
    (read,) = [row for row in await desk.bills(account_no="A11") if row.status == "held"]
    (two_codes,) = [row for row in await desk.bills(account_no="A21") if row.status == "held"]
    (far,) = await desk.bills(account_no="A22")
    (ready,) = await desk.bills(account_no="A21", cycle="2026-01")
    async with desk.client(subject="reviewer-2") as other:
        await other.post("/v1/review-queue/claims", json={"items": [{"bill_id": theirs.bill_id}]})
    items = seen(good, stale, read, theirs, two_codes, far, ready, good)
    items[1]["row_version"] = 7
    async with desk.client(org_units=["zj/hangzhou"]) as client:
        found = outcomes(await together(client, items=items[:-1]))
        assert found == [
            ("done", None),
            ("refused", "precondition.stale"),
            ("refused", "bill.reviewer_read_meter"),
            ("refused", "bill.assigned_to_another"),
            ("refused", "bill.verdict_missing"),
            ("refused", "bill.unknown"),
            ("refused", "bill.unknown_finding"),
        ]
        twice = outcomes(await together(client, items=[items[3], items[3]]))
        assert twice == [("refused", "request.repeated_in_batch")] * 2
        no_verdict = outcomes(await together(client, stale, verdict=None))
        assert no_verdict == [("refused", "bill.verdict_missing")]
        no_words = await together(client, stale, explanation=" ")
        assert (no_words.status_code, no_words.json()["code"]) == (422, "bill.explanation_missing")
        too_many = await together(client, items=seen(stale) * 201)
        assert (too_many.status_code, too_many.json()["code"]) == (422, "request.invalid")
    async with desk.client("billing:read") as reader:
        assert (await together(reader, stale)).json()["code"] == "auth.missing_scope"
    assert await desk.count(REVIEW_DECISION) == 1, "what is refused changes nothing"


async def test_large_ones_among_many_are_asked_of_a_second_person(desk: Desk) -> None:
    desk.two_people(bill__release=[{"from_fen": 100_000, "second": "billing:review"}])
    await desk.open(account(1), account(2), account(3))
    await desk.measure(*(usage(n, 1, kwh) for n, kwh in ((1, 1200), (2, 2400), (3, 2500))))
    small, *large = await desk.bills()
    async with desk.client() as client:
        answer = await together(client, small, *large)
        assert outcomes(answer) == [("done", None), ("awaiting_approval", None), ("awaiting_approval", None)]
        asked = [each["id"] for each in answer.json()["outcomes"][1:]]
        assert outcomes(await together(client, *large))[0] == ("awaiting_approval", None), "asked again it is the same"
        other = outcomes(await together(client, *large, explanation="something else"))
        assert other == [("refused", "approval.asked_already")] * 2
        pending = (await client.get("/v1/approvals", params={"state": "pending"})).json()["items"]
    assert sorted(each["approval_id"] for each in pending) == sorted(asked)
    assert [s for (s,) in await desk.bills("status")] == ["ready", "held", "held"]
    for each in pending:
        assert await desk.second(each) == ("done", None)
    assert [s for (s,) in await desk.bills("status")] == ["ready"] * 3


@pytest.mark.parametrize("decision", ["hold", "request_reread", "correct", "cancel"])
async def test_every_kind_of_decision_is_taken_on_many_as_on_one(desk: Desk, decision: str) -> None:
    one_by_one, at_once = await homes(desk, 3), await homes(desk, 3, start=11)
    async with desk.client() as client:
        for row in one_by_one:
            body = {"decision": decision, "explanation": "all have a kiln", "verdicts": {HOME: "known"}}
            url, match = f"/v1/bills/{row.bill_id}/decisions", {"If-Match": f'"{row.row_version}"'}
            assert (await client.post(url, json=body, headers=match)).status_code == 200
        assert outcomes(await together(client, *at_once, decision=decision)) == [("done", None)] * 3
    names = ("status", "row_version", "version", "total_fen", "findings", "issue_on")
    assert await desk.bills(*names, route_no="R1") == await desk.bills(*names, route_no="R11")
    assert len(await desk.published(RereadRequested)) == (6 if decision == "request_reread" else 0)
    assert await desk.count(REVIEW_DECISION) == await desk.count(FINDING_VERDICT) == 6


async def test_bills_of_one_contract_that_are_calculated_anew_come_one_after_the_other(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(*(usage(n, m, 1200) for m in (1, 2) for n in (1, 2)))
    rows = await desk.bills()
    async with desk.client() as client:
        found = outcomes(await together(client, *rows, decision="cancel"))
    assert found == [("done", None), ("refused", "precondition.stale")] * 2, "the first moved the second's ladder"


async def test_what_is_proposed_together_is_one_decision_however_much_of_it_is_named(desk: Desk) -> None:
    desk.two_people(bill__decision=[])
    await desk.open(account(1))
    for m in (1, 2):
        await desk.released(usage(1, m, 300))
    again = {"version": 2, "replaces_reason": "reread"}
    await desk.measure(usage(1, 1, 1100, **again), usage(1, 2, 1100, **again))
    rows = await desk.bills(status="proposed")
    assert len({row.group_id for row in rows}) == 1 < len(rows) == 2
    async with desk.client() as client:
        assert outcomes(await together(client, *rows, verdict="right")) == [("done", None)] * 2
    assert await desk.count(REVIEW_DECISION) == 2, "one on each, not two"
    (fact,) = await desk.published(BillCorrected)
    assert len(fact.replacements) == 2


async def test_many_take_as_many_statements_for_200_bills_as_for_2(desk: Desk) -> None:
    counted = []
    for start, many in ((10_001, 2), (20_001, 200)):
        for place, decision in enumerate(("hold", "request_reread", "approve", "correct", "cancel")):
            rows = await homes(desk, many, start=start + 1000 * place)
            seen_now = desk.watch()
            async with desk.client() as client:
                assert set(outcomes(await together(client, *rows, decision=decision))) == {("done", None)}
            counted.append(len(seen_now))
    assert counted[:5] == counted[5:]


async def test_bills_of_many_days_take_as_many_statements_as_those_of_two_and_each_has_its_own_day(desk: Desk) -> None:
    counted = []
    for start, many in ((10_001, 2), (20_001, 2), (30_001, 25)):
        for place, decision in enumerate(("correct", "cancel")):
            numbers = range(start + 1000 * place, start + 1000 * place + many)
            route, days = f"R{numbers[0]}", [date(2026, 2, 1) + timedelta(days=n) for n in range(many)]
            await desk.open(*(account(n) for n in numbers))
            await desk.measure(
                *(usage(n, 1, 1200, route=route, read_date=day) for n, day in zip(numbers, days, strict=True))
            )
            rows = [row for row in await desk.bills(route_no=route) if row.status == "held"]
            seen_now = desk.watch()
            async with desk.client() as client:
                assert set(outcomes(await together(client, *rows, decision=decision))) == {("done", None)}
            counted.append(len(seen_now))
            if decision == "correct":
                made = [issue_on for (issue_on,) in await desk.bills("issue_on", route_no=route)]
                assert sorted(day for day in made if day) == days
    assert counted[2:4] == counted[4:]
