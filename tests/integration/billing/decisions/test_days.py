"""A decision happens on the day that is given, or today, and never before what it rests on."""

from datetime import date
from typing import Any

import httpx
import pytest

from shared.events.billing import BillCorrected
from tests.kits.billing import Desk, account, usage


async def decide(desk: Desk, bill_id: str, decision: str, on: str | None) -> httpx.Response:
    async with desk.client() as client:
        seen = (await client.get(f"/v1/bills/{bill_id}")).headers["ETag"]
        said = await desk.verdicts(bill_id, decision)
        body = {"decision": decision, "explanation": "looked at", "business_date": on, "verdicts": said}
        return await client.post(f"/v1/bills/{bill_id}/decisions", json=body, headers={"If-Match": seen})


def dates(facts: list[BillCorrected]) -> list[tuple[date, Any]]:
    return [(fact.corrected_on, [bill.issued_on for bill in fact.reversals]) for fact in facts]


@pytest.mark.parametrize("decision", ["correct", "cancel"])
async def test_an_issued_bill_is_corrected_no_earlier_than_it_was_issued(desk: Desk, decision: str) -> None:
    await desk.open(account(1))
    await desk.released(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    early = await decide(desk, bill_id, decision, "2026-02-01")
    assert (early.status_code, early.json()["code"]) == (422, "bill.decided_before_its_basis")
    assert await desk.bills("status", "row_version") == [("issued", 2)]
    assert (await decide(desk, bill_id, decision, "2026-02-02")).status_code == 200


async def test_a_held_bill_is_approved_no_earlier_than_its_read_day(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1001))
    ((bill_id,),) = await desk.bills("bill_id")
    early = await decide(desk, bill_id, "approve", "2026-01-31")
    assert (early.status_code, early.json()["code"]) == (422, "bill.decided_before_its_basis")
    assert (await decide(desk, bill_id, "approve", "2026-02-01")).status_code == 200


async def test_a_decision_without_a_day_is_of_today_and_not_before_the_issue(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    assert (await decide(desk, bill_id, "cancel", None)).status_code == 200
    assert dates(await desk.published(BillCorrected)) == [(date(2026, 2, 2), [date(2026, 2, 2)])]


async def test_a_correction_that_reaches_a_later_bill_has_no_day_before_that_was_issued(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 900))
    await desk.released(usage(1, 2, 950))
    await desk.released(usage(1, 3, 990))
    first = (await desk.bills("bill_id"))[0][0]
    answer = await decide(desk, first, "cancel", "2026-02-10")
    assert answer.status_code == 200, answer.text
    found = dates(await desk.published(BillCorrected))
    assert all(day >= issued for day, olds in found for issued in olds)
    assert found[0] == (date(2026, 2, 10), [date(2026, 2, 2)])
    assert len(found) == 2
