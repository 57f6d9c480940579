"""No late fee grows while an instalment plan is kept; one that is broken holds no day more."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.collection.late_fees.test_charging import charged, fees
from tests.kits.approvals import decided
from tests.kits.collection import Kit, bill, issued


async def job(kit: Kit, name: str, day: str) -> Any:
    answer = await kit.admin.post(f"/v1/jobs/{name}/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["counts"]


async def agreed(kit: Kit) -> None:
    """Agree on 15 April to pay what was due on 22 February by 20 April and 20 May."""
    await kit.give(issued(bill("B1", 100_000)))
    (row,) = (await kit.clerk.get("/v1/receivables?document_id=B1")).json()["items"]
    parts = [{"due_on": "2026-04-20", "amount_fen": 60_000}, {"due_on": "2026-05-20", "amount_fen": 40_000}]
    body = {"explanation": "two pay days", "receivable_ids": [row["receivable_id"]], "instalments": parts}
    asked = await kit.clerk.post("/v1/accounts/A1/plans", json=body)
    assert asked.status_code == 202, asked.text
    assert await decided(kit.second, [asked.json()]) == ["done"]


def on(kit: Kit, day: str) -> str:
    kit.clock.at = datetime.fromisoformat(f"{day}T04:00:00").replace(tzinfo=UTC)
    return day


@pytest.mark.parametrize("is_charged_first", [False, True])
async def test_no_fee_grows_while_a_plan_is_kept(kit: Kit, is_charged_first: bool) -> None:
    await agreed(kit)
    await kit.pay(60_000, on=on(kit, "2026-04-20"))
    await kit.pay(40_000, on=on(kit, "2026-05-10"))
    if is_charged_first:
        await charged(kit, on(kit, "2026-05-10"))
    assert (await job(kit, "judge-plans", on(kit, "2026-05-11")))["completed"] == 1
    await charged(kit, "2026-05-11")
    # 51 days from 23 February to 14 April
    assert [(day, fen) for day, fen, _ in await fees(kit)] == [("2026-05-10", 5_100)]


async def test_a_plan_that_is_completed_on_the_day_of_its_last_payment_bears_no_fee_for_that_day(kit: Kit) -> None:
    await agreed(kit)
    await kit.pay(100_000, on=on(kit, "2026-04-20"))
    assert (await job(kit, "judge-plans", "2026-04-20"))["completed"] == 1
    await charged(kit, "2026-04-20")
    assert [(day, fen) for day, fen, _ in await fees(kit)] == [("2026-04-20", 5_100)]


@pytest.mark.parametrize("is_charged_first", [False, True])
async def test_a_plan_that_is_broken_holds_no_day_more_whenever_that_is_found(kit: Kit, is_charged_first: bool) -> None:
    await agreed(kit)
    await kit.pay(1_000, on=on(kit, "2026-04-16"))
    if not is_charged_first:
        assert (await job(kit, "judge-plans", on(kit, "2026-04-25")))["broken"] == 1
    await kit.pay(99_000, on=on(kit, "2026-04-30"))
    await charged(kit, "2026-04-30")
    found = [(day, fen) for day, fen, _ in await fees(kit)]
    if is_charged_first:
        assert found == [("2026-04-30", 5_100)], "as far as anybody knows the plan was kept"
        return
    # 51 days of all of it, and of 99,000 fen six more, from 25 to 30 April
    assert found == [("2026-04-30", 51 * 100 + 6 * 99)]
