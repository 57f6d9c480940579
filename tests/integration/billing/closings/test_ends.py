"""What stands against the end of a closing: use that the final read shows, a contract that others end, a meter still out."""

from dataclasses import replace
from datetime import date, timedelta

from shared.events.billing import AccountChanged
from shared.events.closings import ClosingWithdrawn, FinalBillIssued
from tests.kits.billing import Desk, account
from tests.kits.closings import (
    AFTER,
    ANNOUNCED,
    READ_ON,
    advance,
    announced,
    approved,
    closings,
    done,
    final_usage,
    get,
    hear,
    post,
    settled,
    shown,
    span,
    taken_back,
    unused,
)

NEXT = READ_ON + timedelta(days=1)
OPENED = date(2026, 7, 1)


async def end_by_put(desk: Desk, day: date) -> None:
    one = account(1)
    (outcome,) = await desk.open(replace(one, contracts=(replace(one.contracts[0], to=day, reason="moved out"),)))
    assert outcome.status == "done", outcome


async def test_use_that_the_final_read_shows_withdraws_it_and_supply_goes_on(desk: Desk) -> None:
    closing = await approved(desk)
    told = len(await desk.published(AccountChanged))
    await hear(desk, done(closing, "read", on=READ_ON, shown="100.01"))
    assert await advance(desk, READ_ON) == {"withdrawn": 1}
    (fact,) = await desk.published(ClosingWithdrawn)
    assert (fact.code, fact.withdrawn_on) == ("used", READ_ON)
    assert len(await desk.published(AccountChanged)) == told, "the contract has no end"
    assert [row["closing_no"] for row in await unused(desk)] == [None]


async def test_a_final_read_of_a_meter_that_nobody_has_read_before_ends_nothing_until_it_can_be_compared(
    desk: Desk,
) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON, meter="M-new", shown="5"))
    assert await advance(desk, READ_ON) == {}
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == ["read_not_compared"]
    body = {"business_date": READ_ON.isoformat(), "explanation": "somebody looks again"}
    again = await post(desk, f"closings/{closing['closing_no']}/site-orders", body)
    assert again.status_code == 200, again.text
    await hear(desk, done(again.json(), "read", on=NEXT, meter="M-new", shown="5"))
    assert await advance(desk, NEXT) == {}
    known = span(1, OPENED, date(2026, 8, 1), meter="M-new", shown="5.00")
    await desk.measure(final_usage(on=date(2026, 8, 1), months=1, registers=(known,)))
    assert await advance(desk, NEXT + timedelta(days=1)) == {"ended": 1}


async def test_a_contract_that_others_end_withdraws_its_closing_and_takes_it_off_the_public_list(desk: Desk) -> None:
    closing = await announced(desk)
    await end_by_put(desk, ANNOUNCED + timedelta(days=5))
    assert await advance(desk, ANNOUNCED + timedelta(days=4)) == {}
    assert await advance(desk, ANNOUNCED + timedelta(days=5)) == {"withdrawn": 1}
    assert (await shown(desk, closing))["code"] == "contract_ended"
    assert (await get(desk, "closings/announced"))["items"] == []
    assert [each.code for each in await desk.published(ClosingWithdrawn)] == ["contract_ended"]


async def test_a_contract_that_ended_before_its_final_read_withdraws_its_closing(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON))
    await end_by_put(desk, AFTER)
    assert await advance(desk, READ_ON) == {"withdrawn": 1}
    assert (await shown(desk, closing))["code"] == "contract_ended"


async def test_a_closing_whose_contract_is_put_to_end_earlier_still_is_billed_to_that_day(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON))
    assert await advance(desk, READ_ON) == {"ended": 1}
    await end_by_put(desk, AFTER)
    await desk.measure(final_usage(on=AFTER, usage_id="F-earlier"))
    assert await advance(desk, NEXT) == {"billed": 1}
    assert (await shown(desk, closing))["ends_on"] == AFTER.isoformat()
    assert [each.ended_on for each in await desk.published(FinalBillIssued)] == [AFTER]


async def test_it_is_closed_when_all_meters_that_stood_there_are_back(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON))
    await advance(desk, READ_ON)
    both = tuple(span(1, OPENED, READ_ON, meter=meter) for meter in ("M1", "M2"))
    await desk.measure(final_usage(registers=both))
    assert await advance(desk, NEXT) == {"billed": 1}
    await hear(desk, settled(await shown(desk, closing), NEXT))
    assert await advance(desk, NEXT + timedelta(days=1)) == {"settled": 1}
    await hear(desk, taken_back(closing, NEXT))
    assert await advance(desk, NEXT + timedelta(days=2)) == {}, "one of them is still out"
    back = NEXT + timedelta(days=3)
    await hear(desk, taken_back(closing, back, movement_no="MV-2", meter_no="M2"))
    assert await advance(desk, back) == {"closed": 1}
    assert (await shown(desk, closing))["closed_on"] == back.isoformat()
