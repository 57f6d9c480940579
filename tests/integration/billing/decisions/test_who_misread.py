"""Who misread what a correction is about is no judge of it, in whatever order the versions of the read came, over REST."""

from typing import Any

import pytest

from shared.events.reading import UsageMeasured
from tests.integration.billing.decisions.test_assigning import ASSIGNED, CLAIMED, NEXT, QUEUE, post
from tests.kits.billing import Desk, account, usage

MISREAD = usage(1, 1, 200, actors=("reader-1", "uploader-1"))
CORRECTED = usage(1, 1, 1300, version=2, replaces_reason="misread", actors=("reader-2", "uploader-2"))
READ = ["reader-1", "reader-2", "uploader-1", "uploader-2"]


async def proposed(desk: Desk) -> str:
    """An issued bill of a misread, and a correction of it that waits for a reviewer."""
    await desk.open(account(1))
    await desk.released(MISREAD)
    await desk.measure(CORRECTED)
    ((bill_id,),) = await desk.bills("bill_id", status="proposed")
    return str(bill_id)


async def decided(desk: Desk, bill_id: str, subject: str, decision: str = "approve") -> tuple[int, str | None]:
    said = await desk.verdicts(bill_id, decision, "known")
    body = {"decision": decision, "explanation": "fine", "verdicts": said, "business_date": "2026-02-10"}
    async with desk.client(subject=subject) as client:
        seen = {"If-Match": (await client.get(f"/v1/bills/{bill_id}")).headers["ETag"]}
        answer = await client.post(f"/v1/bills/{bill_id}/decisions", json=body, headers=seen)
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize("decision", ["approve", "correct", "cancel", "hold"])
async def test_who_misread_decides_nothing_on_the_correction(desk: Desk, decision: str) -> None:
    bill_id = await proposed(desk)
    for subject in READ:
        assert await decided(desk, bill_id, subject, decision) == (403, "bill.reviewer_read_meter")
    assert sorted(await desk.bills("status")) == [("issued",), ("proposed",)]


async def test_the_page_the_queue_the_claims_and_the_next_one_know_who_misread(desk: Desk) -> None:
    bill_id = await proposed(desk)
    async with desk.client(subject="reader-1") as client:
        (item,) = (await client.get(QUEUE)).json()["items"]
        page = (await client.get(f"/v1/bills/{bill_id}/page")).json()
        assert await post(client, CLAIMED, {"bill_id": bill_id}) == [("refused", "bill.reviewer_read_meter")]
        given = {"bill_id": bill_id, "assignee": "uploader-1"}
        assert await post(client, ASSIGNED, given) == [("refused", "bill.reviewer_read_meter")]
        for order in ("age", "risk"):
            assert (await client.post(f"{NEXT}?order={order}")).json() == {"items": []}
    assert item["read_by"] == READ
    assert [hand["subject"] for hand in page["hands"] if "read" in hand["did"]] == READ
    assert await decided(desk, bill_id, "reviewer-1") == (200, None)


async def test_many_at_once_are_refused_to_who_misread_one(desk: Desk) -> None:
    bill_id = await proposed(desk)
    ((version,),) = await desk.bills("row_version", status="proposed")
    body: dict[str, Any] = {"decision": "approve", "explanation": "fine", "code": "billing.implausible_home"}
    body |= {"verdict": "known", "items": [{"bill_id": bill_id, "row_version": version}]}
    async with desk.client(subject="reader-1") as client:
        answer = await client.post("/v1/review-decisions", json=body)
    assert answer.status_code == 200, answer.text
    assert [one.get("code") for one in answer.json()["outcomes"]] == ["bill.reviewer_read_meter"]


@pytest.mark.parametrize("facts", [(MISREAD, CORRECTED), (CORRECTED, MISREAD)])
@pytest.mark.parametrize("together", [True, False])
async def test_any_order_of_the_versions_knows_the_same_hands(
    desk: Desk, facts: tuple[UsageMeasured, ...], together: bool
) -> None:
    await desk.open(account(1))
    for batch in [facts] if together else [(fact,) for fact in facts]:
        await desk.measure(*batch)
    ((bill_id,),) = await desk.bills("bill_id", status="held")
    async with desk.client(subject="reader-1") as client:
        (item,) = (await client.get(QUEUE)).json()["items"]
        assert item["read_by"] == READ
        assert await post(client, CLAIMED, {"bill_id": bill_id}) == [("refused", "bill.reviewer_read_meter")]
    assert await decided(desk, bill_id, "reader-1") == (403, "bill.reviewer_read_meter")
