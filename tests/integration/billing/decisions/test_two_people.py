"""Decisions on issued bills from an amount on, which a second reviewer approves before they are carried out, over REST."""

from typing import Any

import httpx

from shared.events.billing import BillCorrected
from tests.integration.billing.bills.test_touched_bills import home
from tests.integration.billing.decisions.test_large_corrections import approved_by_two
from tests.kits.billing import Desk, account, usage


async def issued_of(desk: Desk, kwh: int) -> Any:
    """An issued January of so many kWh, which a reviewer let out."""
    await desk.open(account(1))
    await desk.released(usage(1, 1, kwh))
    ((bill_id, status),) = await desk.bills("bill_id", "status")
    if status == "held":
        await desk.decide(bill_id, "approve", "2026-02-05")
        await desk.work()
    (row,) = await desk.bills()
    assert row.status == "issued"
    return row


async def cancelled_by(client: httpx.AsyncClient, row: Any) -> httpx.Response:
    body = {"decision": "cancel", "explanation": "billed twice", "business_date": "2026-02-20"}
    path = f"/v1/bills/{row.bill_id}/decisions"
    return await client.post(path, json=body, headers={"If-Match": f'"{row.row_version}"'})


async def approved(client: httpx.AsyncClient, asked: dict[str, Any]) -> tuple[str, str | None]:
    items = [{"approval_id": asked["approval_id"], "content_hash": asked["content_hash"]}]
    body = {"decision": "approve", "explanation": "seen the meter's photograph", "items": items}
    answer = await client.post("/v1/approvals/decisions", json=body)
    assert answer.status_code == 200, answer.text
    (outcome,) = answer.json()["outcomes"]
    return outcome["status"], outcome.get("code")


async def test_a_large_issued_bill_is_cancelled_by_two_reviewers_who_read_none_of_its_reads(desk: Desk) -> None:
    row = await issued_of(desk, 9000)
    assert row.total_fen >= 500_000
    async with desk.client() as first:
        asked = await cancelled_by(first, row)
        assert asked.status_code == 202, asked.text
        assert (await cancelled_by(first, row)).json() == asked.json(), "asked once"
        assert await desk.bills("status") == [("issued",)], "asked is not done"
        assert await approved(first, asked.json()) == ("refused", "approval.own_request")
    async with desk.client(subject="reader-1") as reader:
        assert await approved(reader, asked.json()) == ("refused", "bill.reviewer_read_meter")
    assert await desk.bills("status") == [("issued",)]
    assert await desk.published(BillCorrected) == []
    async with desk.client(subject="reviewer-2") as second:
        assert await approved(second, asked.json()) == ("done", None)
        shown = (await second.get(f"/v1/bills/{row.bill_id}")).json()
    (fact,) = await desk.published(BillCorrected)
    assert [bill.bill_id for bill in fact.reversals] == [row.bill_id]
    assert shown["decisions"][-1]["decided_by"] == "reviewer-1"


async def test_a_bill_that_has_changed_since_it_was_asked_for_is_not_cancelled_by_the_approval(desk: Desk) -> None:
    row = await issued_of(desk, 200)
    desk.two_people()
    async with desk.client() as first:
        asked = (await cancelled_by(first, row)).json()
    await desk.measure(usage(1, 1, 300, version=2))
    await approved_by_two(desk)
    before = await desk.bills("bill_id", "status")
    async with desk.client(subject="reviewer-2") as second:
        assert await approved(second, asked) == ("refused", "precondition.stale")
    assert await desk.bills("bill_id", "status") == before


async def test_from_which_amount_on_and_who_the_second_one_may_be_is_policy(desk: Desk) -> None:
    row = await issued_of(desk, 200)
    reviewer, supervisor = {"second": "billing:review"}, {"second": "billing:release"}
    desk.two_people(bill__decision=[{"from_fen": 1} | reviewer, {"from_fen": 100} | supervisor])
    async with desk.client() as first:
        asked = (await cancelled_by(first, row)).json()
    async with desk.client("billing:review", "approvals:decide", subject="reviewer-2") as lacking:
        assert await approved(lacking, asked) == ("refused", "approval.unknown")
    async with desk.client("billing:release", "approvals:decide", subject="supervisor-1") as second:
        assert await approved(second, asked) == ("done", None)


async def test_a_small_issued_bill_is_cancelled_by_one_reviewer(desk: Desk) -> None:
    row = await issued_of(desk, 200)
    async with desk.client() as client:
        assert (await cancelled_by(client, row)).status_code == 200


async def test_who_names_a_day_of_a_laxer_policy_needs_a_second_person_all_the_same(desk: Desk) -> None:
    row = await issued_of(desk, 200)
    await desk.released(usage(1, 2))  # the business day comes to March
    desk.two_people_since("2026-03-01")
    async with desk.client() as client:
        assert (await cancelled_by(client, row)).status_code == 202
    assert await desk.bills("status", cycle="2026-01") == [("issued",)]


async def test_a_large_bill_that_a_rule_holds_is_released_by_two_reviewers(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 9000))
    (row,) = await desk.bills()
    said = {"billing.abnormal_amount": "wrong", "billing.implausible_home": "known"}
    body = {"decision": "approve", "explanation": "a kiln in the yard", "business_date": "2026-02-05", "verdicts": said}
    path, seen = f"/v1/bills/{row.bill_id}/decisions", {"If-Match": f'"{row.row_version}"'}
    async with desk.client() as first:
        asked = await first.post(path, json=body, headers=seen)
        (told,) = (await first.get("/v1/approvals?kind=bill.release")).json()["items"]
    assert asked.status_code == 202, asked.text
    assert told["content"]["held_by"] == ["billing.abnormal_amount", "billing.implausible_home"]
    assert told["content"]["verdicts"] == said
    assert await desk.second(asked.json(), subject="reader-1") == ("refused", "bill.reviewer_read_meter")
    assert await desk.second(asked.json(), subject="reviewer-1") == ("refused", "approval.own_request")
    await desk.work()
    assert await desk.bills("status") == [("held",)]
    assert await desk.second(asked.json()) == ("done", None)
    await desk.work()
    assert await desk.bills("status") == [("issued",)]
    async with desk.client() as client:
        (made,) = (await client.get(f"/v1/bills/{row.bill_id}")).json()["decisions"]
    assert (made["decided_by"], made["verdicts"]) == ("reviewer-1", said)


async def test_what_a_reviewer_alone_held_is_no_rule_and_goes_out_by_one(desk: Desk) -> None:
    desk.two_people()
    await desk.open(account(1))
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.decide(bill_id, "hold", "2026-02-05")
    async with desk.client() as client:
        seen = (await client.get(f"/v1/bills/{bill_id}")).headers["ETag"]
        body = {"decision": "approve", "explanation": "fine after all", "business_date": "2026-02-05"}
        answer = await client.post(f"/v1/bills/{bill_id}/decisions", json=body, headers={"If-Match": seen})
    assert answer.status_code == 200, answer.text


async def test_a_large_bill_that_could_not_be_rated_is_refused_before_anybody_is_asked(desk: Desk) -> None:
    desk.two_people()
    await desk.activate(home(1, "2026-02-01") | {"id": "CN-XX/none"})
    await desk.open(account(1, tariff="CN-XX/none"))
    await desk.measure(usage(1))
    ((bill_id, row_version),) = await desk.bills("bill_id", "row_version")
    async with desk.client() as client:
        body = {"decision": "approve", "explanation": "please"}
        path = f"/v1/bills/{bill_id}/decisions"
        answer = await client.post(path, json=body, headers={"If-Match": f'"{row_version}"'})
        assert (answer.status_code, answer.json()["code"]) == (409, "bill.not_rated")
        assert (await client.get("/v1/approvals?kind=bill.release")).json()["items"] == []
