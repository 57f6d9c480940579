"""Bills in review are given to persons, claimed, given back, and taken one after the other, over REST."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.billing.review.tables import REVIEW_ASSIGNMENT
from tests.kits import verdicts
from tests.kits.billing import Desk, account, closed, usage

QUEUE = "/v1/review-queue"
ASSIGNED, CLAIMED, NEXT = f"{QUEUE}/assignments", f"{QUEUE}/claims", f"{QUEUE}/next"


async def waiting(desk: Desk, *kwh: int, start: int = 1, **more: Any) -> list[str]:
    """Implausible homes, one a route; return their bills."""
    numbers = range(start, start + len(kwh))
    await desk.open(*(account(n, org_unit=more.get("org_unit", "zj/hangzhou")) for n in numbers))
    await desk.measure(*(usage(n, 1, each, route=f"R{n}", **more) for n, each in zip(numbers, kwh, strict=True)))
    return [(await desk.bills("bill_id", contract_no=f"C{n}"))[0][0] for n in numbers]


async def owners(desk: Desk) -> dict[str, str | None]:
    async with desk.client() as client:
        return {item["account_no"]: item["assignee"] for item in (await client.get(QUEUE)).json()["items"]}


async def post(client: httpx.AsyncClient, path: str, *items: dict[str, Any]) -> list[tuple[str, str | None]]:
    answer = await client.post(path, json={"items": items})
    assert answer.status_code == 200, answer.text
    return [(outcome["status"], outcome.get("code")) for outcome in answer.json()["outcomes"]]


async def decide(client: httpx.AsyncClient, bill_id: str, decision: str = "approve") -> httpx.Response:
    (item,) = [i for i in (await client.get(QUEUE)).json()["items"] if i["bill_id"] == bill_id]
    said = verdicts.on(item) if decision in verdicts.ENDING else {}
    body = {"decision": decision, "explanation": "seen", "verdicts": said}
    seen = {"If-Match": f'"{item["row_version"]}"'}
    return await client.post(f"/v1/bills/{bill_id}/decisions", json=body, headers=seen)


async def test_a_bill_is_given_to_a_person_taken_over_and_given_back(desk: Desk) -> None:
    one, two = await waiting(desk, 1200, 1300)
    async with desk.client(subject="lead-1") as lead, desk.client(subject="reviewer-2") as other:
        assert await post(lead, ASSIGNED, {"bill_id": one, "assignee": "reviewer-1"}) == [("done", None)]
        assert await post(lead, ASSIGNED, {"bill_id": one, "assignee": "reviewer-1"}) == [("already_done", None)]
        assert await owners(desk) == {"A1": "reviewer-1", "A2": None}
        assert await post(other, CLAIMED, {"bill_id": one}, {"bill_id": two}) == [
            ("refused", "bill.assigned_to_another"),
            ("done", None),
        ]
        assert await post(other, CLAIMED, {"bill_id": two}) == [("already_done", None)]
        assert await post(other, ASSIGNED, {"bill_id": one, "assignee": "reviewer-2"}) == [("done", None)]
        assert await owners(desk) == {"A1": "reviewer-2", "A2": "reviewer-2"}
        assert await post(other, ASSIGNED, {"bill_id": two, "assignee": None}) == [("done", None)]
        assert await owners(desk) == {"A1": "reviewer-2", "A2": None}
        audit = (await lead.get("/v1/audit-entries", params={"entity_kind": "bill", "entity_id": one})).json()["items"]
    assert sorted((e["action"], e["actor"], e["reason"]) for e in audit) == [
        ("bill.assigned", "lead-1", "reviewer-1"),
        ("bill.assigned", "reviewer-2", "reviewer-2"),
    ]


async def test_nobody_is_given_a_bill_whose_reads_they_had_a_hand_in(desk: Desk) -> None:
    (bill_id,) = await waiting(desk, 1200)
    async with desk.client(subject="reader-1") as reader:
        for path, item in ((ASSIGNED, {"bill_id": bill_id, "assignee": "uploader-1"}), (CLAIMED, {"bill_id": bill_id})):
            assert await post(reader, path, item) == [("refused", "bill.reviewer_read_meter")]
        assert (await reader.post(NEXT)).json() == {"items": []}
    assert await owners(desk) == {"A1": None}


async def test_the_database_itself_refuses_a_bill_for_who_read(desk: Desk) -> None:
    (bill_id,) = await waiting(desk, 1200)
    values = {"bill_id": bill_id, "assignee": "reader-1", "role": "reviewer", "assigned_by": "x"}
    given = insert(REVIEW_ASSIGNMENT).values(**values, assigned_at=datetime(2026, 2, 5, tzinfo=UTC))
    with pytest.raises(IntegrityError):
        async with desk.db.begin() as tx:
            await tx.execute(given)


async def test_what_cannot_be_given_is_refused_item_by_item(desk: Desk) -> None:
    (far,) = await waiting(desk, 1200, org_unit="zj/ningbo")
    (mine,) = await waiting(desk, 1300, start=2)
    await desk.open(account(3))
    await desk.measure(usage(3, 1, 100, route="R3"))
    ((ready,),) = await desk.bills("bill_id", contract_no="C3")
    async with desk.client(org_units=["zj/hangzhou"]) as client:
        given = [{"bill_id": bill_id, "assignee": "r"} for bill_id in (far, "none", ready, mine)]
        assert await post(client, ASSIGNED, *given) == [
            ("refused", "bill.unknown"),
            ("refused", "bill.unknown"),
            ("refused", "bill.not_in_review"),
            ("done", None),
        ]
        assert await post(client, ASSIGNED, given[3], given[3]) == [("refused", "request.repeated_in_batch")] * 2
        too_many = await client.post(CLAIMED, json={"items": [{"bill_id": "x"}] * 501})
        assert (too_many.status_code, too_many.json()["code"]) == (422, "request.invalid")
    async with desk.client("billing:read") as reader:
        answers = [await reader.post(path, json={"items": []}) for path in (ASSIGNED, CLAIMED, NEXT)]
    assert [answer.json()["code"] for answer in answers] == ["auth.missing_scope"] * 3


async def test_only_whose_a_bill_is_decides_on_it_until_another_takes_it_over(desk: Desk) -> None:
    (bill_id,) = await waiting(desk, 1200)
    async with desk.client(subject="reviewer-1") as one, desk.client(subject="reviewer-2") as two:
        await post(one, CLAIMED, {"bill_id": bill_id})
        for decision in ("hold", "approve", "cancel", "correct", "request_reread"):
            answer = await decide(two, bill_id, decision)
            assert (answer.status_code, answer.json()["code"]) == (409, "bill.assigned_to_another")
        await post(two, ASSIGNED, {"bill_id": bill_id, "assignee": "reviewer-2"})
        assert (await decide(one, bill_id)).json()["code"] == "bill.assigned_to_another"
        assert (await decide(two, bill_id, "hold")).status_code == 200
        assert await owners(desk) == {"A1": "reviewer-2"}, "its review goes on"
        assert (await decide(two, bill_id)).status_code == 200
    assert await desk.count(REVIEW_ASSIGNMENT) == 0, "an assignment ends with the review"


async def test_an_assignment_goes_with_a_bill_that_is_calculated_again(desk: Desk) -> None:
    (old,) = await waiting(desk, 1200)
    async with desk.client() as client:
        await post(client, CLAIMED, {"bill_id": old})
    again = {"replaces_reason": "reread", "route": "R1"}
    await desk.measure(usage(1, 1, 1300, version=2, **again))
    ((new,),) = await desk.bills("bill_id", status="held")
    assert new != old
    assert await owners(desk) == {"A1": "reviewer-1"}
    await desk.measure(usage(1, 1, 1400, version=3, actors=("reviewer-1", "uploader-1"), **again))
    assert await owners(desk) == {"A1": None}, "it rests on reads of that person now"
    async with desk.client(subject="reviewer-2") as client:
        await post(client, CLAIMED, {"bill_id": (await desk.bills("bill_id", status="held"))[0][0]})
    await desk.measure(usage(1, 1, 200, version=4, **again))
    assert await desk.bills("status", status="ready") == [("ready",)]
    assert await desk.count(REVIEW_ASSIGNMENT) == 0, "its review has ended by itself"
    await desk.measure(usage(1, 1, 1500, version=5, **again))
    assert await owners(desk) == {"A1": None}


async def test_an_assignment_goes_with_a_proposed_correction(desk: Desk) -> None:
    await desk.open(account(1))
    known = usage(1, 1, 300)
    await desk.measure(known)
    await desk.close(closed([known]))
    await desk.work()
    await desk.measure(usage(1, 1, 5000, version=2, replaces_reason="reread"))
    ((old,),) = await desk.bills("bill_id", status="proposed")
    async with desk.client() as client:
        await post(client, CLAIMED, {"bill_id": old})
        await desk.measure(usage(1, 1, 6000, version=3, replaces_reason="reread"))
        assert await owners(desk) == {"A1": "reviewer-1"}
        ((new,),) = await desk.bills("bill_id", status="proposed")
        assert (await decide(client, new)).status_code in (200, 202)


async def test_next_is_the_first_by_the_order_and_filters_that_is_nobodys(desk: Desk) -> None:
    await waiting(desk, 1200)
    await waiting(desk, 3000, 2000, start=2)
    (far,) = await waiting(desk, 9000, start=4, org_unit="zj/ningbo")
    (own,) = await waiting(desk, 8000, start=5, actors=("reviewer-1", "uploader-1"))
    taken = []
    async with desk.client(org_units=["zj/hangzhou"]) as client:
        for query in ({"order": "risk"}, {}, {"route_no": "R2"}, {"order": "risk"}, {"order": "risk"}):
            answer = await client.post(NEXT, params=query)
            assert answer.status_code == 200, answer.text
            taken.append([(item["account_no"], item["assignee"]) for item in answer.json()["items"]])
    assert taken == [[("A2", "reviewer-1")], [("A1", "reviewer-1")], [], [("A3", "reviewer-1")], []]
    left = await owners(desk)
    assert (left["A4"], left["A5"]) == (None, None), f"{far} is another's to see, {own} was read by who asks"


@pytest.mark.parametrize("order", ["age", "risk"])
async def test_who_ask_at_the_same_time_never_get_the_same_bill(desk: Desk, order: str) -> None:
    bills = await waiting(desk, *(1200 + 10 * n for n in range(6)))

    async def ask(n: int) -> list[str]:
        async with desk.client(subject=f"reviewer-{n}") as client:
            answer = await client.post(NEXT, params={"order": order})
        assert answer.status_code == 200, answer.text
        return [item["bill_id"] for item in answer.json()["items"]]

    taken = [bill_id for found in await asyncio.gather(*(ask(n) for n in range(10))) for bill_id in found]
    assert sorted(taken) == sorted(bills), "each once, and none is left over"


async def test_assigning_takes_as_many_statements_for_500_bills_as_for_10(desk: Desk) -> None:
    counted = []
    for start, many in ((1001, 10), (2001, 500)):
        bills = await waiting(desk, *[1200] * many, start=start)
        seen = desk.watch()
        for path, more in ((CLAIMED, {}), (ASSIGNED, {"assignee": "reviewer-2"}), (ASSIGNED, {"assignee": None})):
            before = len(seen)
            async with desk.client() as client:
                assert {s for s, _ in await post(client, path, *({"bill_id": b, **more} for b in bills))} == {"done"}
            counted.append(len(seen) - before)
        before = len(seen)
        async with desk.client() as client:
            assert len((await client.post(NEXT, params={"order": "risk"})).json()["items"]) == 1
        counted.append(len(seen) - before)
    assert counted[:4] == counted[4:]
