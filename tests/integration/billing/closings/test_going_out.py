"""A final bill waits for no run, but for freezes and the switch like any other; no other bill goes out with it."""

from datetime import date, timedelta
from typing import Any

import pytest

from shared.events.billing import BillIssued
from shared.events.closings import FinalBillIssued
from tests.integration.billing.freezing.test_freezes import freeze, frozen, lift
from tests.kits.billing import Desk, closed, usage
from tests.kits.closings import READ_ON, advance, approved, done, final_usage, hear, shown

DAYS = [READ_ON + timedelta(days=n) for n in range(1, 5)]


async def ended(desk: Desk) -> dict[str, Any]:
    """Walk a closing to the end of its contract."""
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON))
    assert await advance(desk, READ_ON) == {"ended": 1}
    return await shown(desk, closing)


async def gone_out(desk: Desk) -> list[date]:
    """Return the last days of the bills that went out after the six of the months without use."""
    return [fact.bill.period_to for fact in await desk.published(BillIssued)][6:]


@pytest.mark.parametrize("kind", ["bill_id", "contract_no", "route_no"])
async def test_a_frozen_final_bill_goes_out_after_the_freeze(desk: Desk, kind: str) -> None:
    closing = await ended(desk)
    await desk.measure(final_usage(kwh=7))
    ((bill_id,),) = await desk.bills("bill_id", status="ready")
    freeze_id = await freeze(desk, **{kind: {"bill_id": bill_id, "contract_no": "C1", "route_no": "R1"}[kind]})
    for day in DAYS[:2]:
        assert await advance(desk, day) == {}
        await desk.work()
    assert await gone_out(desk) == await desk.published(FinalBillIssued) == []
    assert await frozen(desk) == [("A1", [freeze_id])]
    assert (await shown(desk, closing))["state"] == "ended"
    await lift(desk, freeze_id)
    assert await advance(desk, DAYS[2]) == {"billed": 1}
    assert await gone_out(desk) == [READ_ON]
    (final,) = await desk.published(FinalBillIssued)
    assert (final.bill_id, final.billed_on, final.total_fen) == (bill_id, DAYS[2], 377)


async def test_a_freeze_until_a_day_holds_a_final_bill_that_long(desk: Desk) -> None:
    await ended(desk)
    await desk.measure(final_usage(kwh=7))
    await freeze(desk, contract_no="C1", until=DAYS[1].isoformat())
    assert [await advance(desk, day) for day in DAYS[:3]] == [{}, {}, {"billed": 1}]


async def test_no_final_bill_goes_out_while_the_switch_is_stopped(desk: Desk) -> None:
    await ended(desk)
    await desk.measure(final_usage(kwh=7))
    async with desk.client() as client:
        for stopped, day in ((True, DAYS[0]), (False, DAYS[1])):
            headers = {"If-Match": (await client.get("/v1/release-switch")).headers["ETag"]}
            body = {"stopped": stopped, "reason": "price"}
            answer = await client.put("/v1/release-switch", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            assert await advance(desk, day) == ({} if stopped else {"billed": 1})


async def test_a_bill_before_the_final_one_goes_out_with_its_own_run(desk: Desk) -> None:
    await ended(desk)
    july = usage(1, 7, 5, route="R1")
    await desk.measure(july, final_usage(kwh=7, period_from=date(2026, 8, 1), months=1))
    assert len(await desk.bills("bill_id", status="ready")) == 2
    assert await advance(desk, DAYS[0]) == {}
    assert await gone_out(desk) == [READ_ON]
    await desk.close(closed([july]))
    async with desk.client() as client:
        run = await client.get("/v1/runs/R1/2026-07")
        assert run.json()["status"] == "in_review", "more is used on its route than in the month before"
        assert await advance(desk, DAYS[1]) == {}
        assert await gone_out(desk) == [READ_ON]
        body = {"explanation": "it is the caretaker's lamp", "business_date": DAYS[1].isoformat()}
        seen = {"If-Match": run.headers["ETag"]}
        assert (await client.post("/v1/runs/R1/2026-07/release", json=body, headers=seen)).status_code == 200
    await desk.work()
    assert await gone_out(desk) == [READ_ON, date(2026, 8, 1)]
    assert await advance(desk, DAYS[2]) == {"billed": 1}
