"""After a restore, bills of an amount are kept as posted by two people: in the place of what the second one saw, over REST."""

from dataclasses import replace
from typing import Any

import pytest

from shared.events.billing import BillCorrected
from tests.integration.billing.bills.test_adopted_bills import heads, issued, of
from tests.kits.billing import Desk, account, month, part

LARGE = of(900_000)


async def adopt(desk: Desk, *items: dict[str, Any]) -> tuple[int, Any]:
    async with desk.client("restore:run", subject="operator") as client:
        answer = await client.post("/v1/posted-documents", json={"account_no": "A1", "items": list(items)})
    return answer.status_code, answer.json()


async def asked(desk: Desk, *items: dict[str, Any]) -> dict[str, Any]:
    """Ask for a second person, and return what waits for one."""
    status, answer = await adopt(desk, *items)
    assert status == 202, answer
    async with desk.client() as client:
        (one,) = (await client.get("/v1/approvals?kind=bill.adopt&state=pending")).json()["items"]
    assert {(each["status"], each["id"]) for each in answer["outcomes"]} == {("awaiting_approval", one["approval_id"])}
    found: dict[str, Any] = one
    return found


async def test_large_bills_are_kept_as_posted_by_two_people(desk: Desk) -> None:
    one = await issued(desk) | LARGE
    waiting = await asked(desk, one)
    assert await asked(desk, one) == waiting, "asked once"
    shown = waiting["content"]
    assert [bill["total_fen"] for bill in shown["documents"]] == [900_000]
    assert [(bill["bill_id"], bill["total_fen"]) for bill in shown["in_place"]] == [(one["document_id"], 10760)]
    assert await desk.second(waiting, subject="operator") == ("refused", "approval.own_request")
    assert await desk.second(waiting, "approvals:decide", "restore:run") == ("refused", "approval.unknown")
    assert await heads(desk) == [(1, "issued", 10760)], "asked is not done"
    assert await desk.published(BillCorrected) == []
    assert await desk.second(waiting) == ("done", None)
    assert await heads(desk) == [(1, "reversed", 900_000), (2, "issued", 10760)]
    assert (await adopt(desk, one))[1]["outcomes"] == [{"index": 0, "status": "already_done"}]


async def test_small_bills_in_the_place_of_a_large_one_are_kept_by_two_people(desk: Desk) -> None:
    one = await issued(desk)
    desk.two_people(bill__adopt=[{"from_fen": 10_000, "second": "billing:review"}])
    assert await asked(desk, one | of(1))
    assert await heads(desk) == [(1, "issued", 10760)]


async def test_small_bills_are_kept_at_once_and_a_large_one_that_is_there_as_posted_asks_nobody(desk: Desk) -> None:
    one = await issued(desk)
    desk.two_people(bill__adopt=[{"from_fen": 20_000, "second": "billing:review"}])
    assert (await adopt(desk, one | of(9_999)))[0] == 200
    desk.two_people()
    assert (await adopt(desk, one | of(9_999))) == (200, {"outcomes": [{"index": 0, "status": "already_done"}]})


async def test_all_documents_of_a_request_wait_and_those_that_are_refused_are_told_at_once(desk: Desk) -> None:
    one = await issued(desk)
    status, answer = await adopt(desk, one | LARGE, one | {"document_id": "019c-nobodys"})
    assert (status, [each["status"] for each in answer["outcomes"]]) == (202, ["awaiting_approval", "refused"])
    status, answer = await adopt(desk, one | {"document_id": "019c-nobodys"} | LARGE)
    assert (status, [each["status"] for each in answer["outcomes"]]) == (200, ["refused"])


async def test_what_waits_for_another_content_is_withdrawn_first(desk: Desk) -> None:
    one = await issued(desk)
    waiting = await asked(desk, one | LARGE)
    status, answer = await adopt(desk, one | of(800_000))
    assert (status, answer["code"]) == (409, "approval.asked_already")
    async with desk.client(subject="operator") as client:
        assert (await client.post(f"/v1/approvals/{waiting['approval_id']}/withdrawal")).status_code == 200
    assert (await adopt(desk, one | of(800_000)))[0] == 202


@pytest.mark.parametrize("meanwhile", ["decided", "made anew", "adopted"])
async def test_what_is_not_as_it_was_seen_any_more_is_refused(desk: Desk, meanwhile: str) -> None:
    one = await issued(desk)
    waiting = await asked(desk, one | LARGE)
    if meanwhile == "decided":
        await desk.decide(one["document_id"], "cancel", "2026-02-20")
    elif meanwhile == "made anew":
        await desk.measure(part(1, month(1), month(2), 300))
        await desk.work()
    else:
        assert (await adopt(desk, one | of(9_999)))[0] == 200
    before = await heads(desk)
    assert await desk.second(waiting) == ("refused", "bill.changed_meanwhile")
    assert await heads(desk) == before


async def test_bills_of_days_that_no_contract_covers_count_too(desk: Desk) -> None:
    desk.review_by(first_bill="off")
    one = await issued(desk)
    (here,) = account(1).contracts
    there = replace(here, contract_no="C2", from_=month(1))
    await desk.open(account(1, contracts=(replace(here, to=there.from_),)), account(2, contracts=(there,)))
    desk.two_people()
    waiting = await asked(desk, one)
    assert (waiting["content"]["documents"], len(waiting["content"]["in_place"])) == ([], 1)
    assert await desk.bills("account_no", "status") == [("A1", "issued")]
    assert await desk.second(waiting) == ("done", None)
    await desk.work()
    assert await desk.bills("account_no", "status", "total_fen") == [("A1", "reversed", 10760), ("A2", "issued", 10760)]
