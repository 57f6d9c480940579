"""What comes of a closing too late to be a step of it is found with a code, in any order, and waits for a person's word."""

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from shared.events.billing import BillCorrected
from shared.events.closings import AccountClosed, ClosingWithdrawn
from shared.events.reading import UsageMeasured
from tests.integration.billing.closings.test_any_order import mixed
from tests.kits.billing import Desk, account
from tests.kits.closings import (
    AFTER,
    ANNOUNCED,
    APPROVER,
    READ_ON,
    READER,
    UNTIL,
    advance,
    announced,
    answered,
    approved,
    ask_approval,
    closings,
    done,
    final_usage,
    get,
    hear,
    job,
    post,
    settled,
    shown,
    taken_back,
)
from tests.kits.effort import walks

DAYS = [READ_ON + timedelta(days=n) for n in range(1, 9)]
LATE = UNTIL + timedelta(days=2)


async def found(desk: Desk, **query: str) -> list[tuple[str, str, str]]:
    items = (await get(desk, "closing-findings", **query))["items"]
    return [(each["code"], each["what"], each["state"]) for each in items]


async def explain(desk: Desk, closing: dict[str, Any], code: str, what: str, who: str = "owner-1") -> tuple[int, str]:
    body = {"what": what, "explanation": "the owner has seen it"}
    answer = await post(desk, f"closings/{closing['closing_no']}/findings/{code}/explanation", body, who=who)
    said = answer.json()
    return answer.status_code, said.get("code") if answer.status_code >= 400 else said["state"]


async def metric(desk: Desk, name: str) -> float:
    async with desk.client() as client:
        text = (await client.get("/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith(f"wattline_{name} ")]
    return float(line.split()[-1])


async def ended(desk: Desk) -> dict[str, Any]:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON))
    assert await advance(desk, READ_ON) == {"ended": 1}
    return await shown(desk, closing)


async def closed(desk: Desk) -> dict[str, Any]:
    """Walk a closing to its very end."""
    closing = await ended(desk)
    await desk.measure(final_usage())
    assert await advance(desk, DAYS[0]) == {"billed": 1}
    closing = await shown(desk, closing)
    await hear(desk, settled(closing, DAYS[1]), taken_back(closing, READ_ON))
    assert await advance(desk, DAYS[1]) == {"settled": 1}
    assert await advance(desk, DAYS[2]) == {"closed": 1}
    return await shown(desk, closing)


def corrected(version: int, kwh: int) -> UsageMeasured:
    """The usage up to the final read as it is told in a later version."""
    return final_usage(kwh=kwh, version=version, usage_id=f"F-1-{version}", replaces_reason="reread")


# --- a second answer


@pytest.mark.parametrize("order", ["agree first", "objection first", "one batch"])
async def test_an_objection_counts_whatever_else_the_customer_has_answered(desk: Desk, order: str) -> None:
    closing = await announced(desk)
    said = [answered(closing, "agree", on=ANNOUNCED + timedelta(days=3)), answered(closing, on=UNTIL)]
    if order == "objection first":
        said.reverse()
    if order == "one batch":
        await mixed(desk, random.Random(1), *said)
    else:
        await hear(desk, *said)
    assert (await ask_approval(desk, closing)).json()["code"] == "closing.signs_of_use"
    assert await advance(desk, UNTIL) == {"withdrawn": 1}
    assert [each.code for each in await desk.published(ClosingWithdrawn)] == ["objected"]
    assert await found(desk) == []


async def test_an_objection_of_the_period_that_is_told_before_the_end_withdraws_it_still(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON), answered(closing, on=UNTIL))
    assert await advance(desk, READ_ON) == {"withdrawn": 1}


async def test_a_late_objection_holds_the_closing_until_a_person_says_what_becomes_of_it(desk: Desk) -> None:
    closing = await announced(desk)
    await advance(desk, AFTER)
    await hear(desk, answered(closing, on=LATE))
    asked = await ask_approval(desk, closing)
    assert (asked.status_code, asked.json()["code"]) == (409, "closing.objected_late")
    assert await advance(desk, LATE) == {}
    assert await found(desk) == [("objected_late", LATE.isoformat(), "open")]
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == ["objected_late"]
    assert await explain(desk, closing, "objected_late", LATE.isoformat(), READER) == (
        403,
        "closing_finding.explained_by_who_took_part",
    )
    assert await explain(desk, closing, "objected_late", "something else") == (409, "closing_finding.changed")
    assert await explain(desk, closing, "objected_late", LATE.isoformat()) == (200, "explained")
    assert await explain(desk, closing, "objected_late", LATE.isoformat()) == (409, "closing_finding.not_open")
    assert await explain(desk, closing, "used", "1 Wh") == (404, "closing_finding.unknown")
    assert (await ask_approval(desk, closing)).status_code == 202
    assert await advance(desk, LATE + timedelta(days=1)) == {}
    assert await closings(desk, waiting="true") == []


async def test_a_late_objection_that_a_person_takes_down_withdraws_it_and_nothing_is_left_to_explain(
    desk: Desk,
) -> None:
    closing = await announced(desk)
    await advance(desk, AFTER)
    await hear(desk, answered(closing, on=LATE))
    await advance(desk, LATE)
    body = {"business_date": LATE.isoformat(), "explanation": "he is right"}
    answer = await post(desk, f"closings/{closing['closing_no']}/objection", body)
    assert answer.json()["state"] == "withdrawn"
    assert await found(desk) == [("objected_late", LATE.isoformat(), "gone")]


async def test_a_late_objection_after_the_approval_holds_the_end(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, answered(closing, on=LATE), done(closing, "read", on=READ_ON))
    assert await advance(desk, READ_ON) == {}
    assert await found(desk) == [("objected_late", LATE.isoformat(), "open")]
    assert await explain(desk, closing, "objected_late", LATE.isoformat(), APPROVER) == (
        403,
        "closing_finding.explained_by_who_took_part",
    )
    assert await explain(desk, closing, "objected_late", LATE.isoformat()) == (200, "explained")
    assert await advance(desk, DAYS[0]) == {"ended": 1}
    assert await found(desk) == [("objected_late", LATE.isoformat(), "explained")]


@pytest.mark.parametrize(("on", "code"), [(UNTIL, "objected"), (LATE, "objected_late")])
@pytest.mark.parametrize("state", ["ended", "closed"])
async def test_an_objection_that_is_told_after_the_end_is_listed(desk: Desk, state: str, on: date, code: str) -> None:
    closing = await (ended(desk) if state == "ended" else closed(desk))
    await hear(desk, answered(closing, on=on))
    assert await advance(desk, DAYS[3]) == {}
    assert await found(desk, state="open") == [(code, on.isoformat(), "open")]
    assert await metric(desk, "closing_findings") == 1
    assert await found(desk, overdue="true") == []
    await job(desk, "find-unused-supplies", date(2026, 9, 30))
    assert await found(desk, overdue="true") == [(code, on.isoformat(), "open")]
    assert await metric(desk, "closing_findings_overdue") == 1
    assert (await shown(desk, closing))["state"] == state
    assert await explain(desk, closing, code, on.isoformat()) == (200, "explained")
    await advance(desk, date(2026, 9, 30))
    assert await found(desk) == [(code, on.isoformat(), "explained")]


async def test_what_staff_write_down_after_the_end_is_listed_too(desk: Desk) -> None:
    closing = await closed(desk)
    body = {"business_date": DAYS[3].isoformat(), "explanation": "the heir stands at the counter"}
    answer = await post(desk, f"closings/{closing['closing_no']}/objection", body)
    assert (answer.status_code, answer.json()["state"]) == (200, "closed")
    await advance(desk, DAYS[3])
    assert await found(desk) == [("objected_late", DAYS[3].isoformat(), "open")]
    refused = await post(desk, f"closings/{closing['closing_no']}/withdrawal", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "closing.ended_already")


# --- energy and bills


async def test_use_before_the_end_that_is_told_after_it_is_found_and_its_bill_goes_out(desk: Desk) -> None:
    closing = await ended(desk)
    await desk.measure(final_usage(kwh=7))
    assert await advance(desk, DAYS[0]) == {"billed": 1}
    assert await found(desk) == [("used", "7000 Wh", "open")]
    assert await explain(desk, closing, "used", "7000 Wh") == (200, "explained")
    await advance(desk, DAYS[1])
    assert await found(desk) == [("used", "7000 Wh", "explained")]


@pytest.mark.parametrize("state", ["billed", "closed"])
async def test_a_correction_of_the_last_usage_is_found_with_the_bill_that_it_changes(desk: Desk, state: str) -> None:
    closing = await closed(desk) if state == "closed" else await ended(desk)
    if state == "billed":
        await desk.measure(final_usage())
        assert await advance(desk, DAYS[0]) == {"billed": 1}
    await desk.measure(corrected(2, 40))
    await advance(desk, DAYS[3])
    await desk.work()
    used, changed = sorted(await found(desk), reverse=True)
    assert used == ("used", "40000 Wh", "open")
    assert (changed[0], changed[2]) == ("bill_changed", "open")
    assert await explain(desk, closing, "used", "40000 Wh") == (200, "explained")
    await desk.measure(corrected(3, 41))
    await advance(desk, DAYS[4])
    assert ("used", "41000 Wh", "open") in await found(desk), "what was explained was less"


async def test_a_correction_that_is_taken_back_leaves_nothing_to_explain(desk: Desk) -> None:
    await ended(desk)
    await desk.measure(final_usage(kwh=40))
    await advance(desk, DAYS[0])
    await desk.measure(corrected(2, 0))
    await advance(desk, DAYS[1])
    assert ("used", "40000 Wh", "gone") in await found(desk)


async def test_use_from_the_day_of_the_end_on_is_a_new_supply_and_no_finding(desk: Desk) -> None:
    await ended(desk)
    later = {"period_from": READ_ON, "on": date(2026, 9, 1), "usage_id": "LATER"}
    await desk.measure(final_usage(), final_usage(kwh=40, **later))
    await advance(desk, DAYS[0])
    assert await found(desk) == []


# --- the contract


@pytest.mark.parametrize("to", [None, READ_ON + timedelta(days=30), "annulled"])
@pytest.mark.parametrize("state", ["ended", "closed"])
async def test_a_contract_that_a_closing_has_ended_does_not_go_on(desk: Desk, state: str, to: Any) -> None:
    await (ended(desk) if state == "ended" else closed(desk))
    one = account(1)
    contract = replace(one.contracts[0], to=READ_ON if to == "annulled" else to, reason="he is back")
    contract = replace(contract, annulled=to == "annulled")
    (outcome,) = await desk.open(replace(one, contracts=(contract,)))
    assert (outcome.status, outcome.code) == ("refused", "account.contract_ended_by_closing")


async def test_a_contract_ends_earlier_by_hand_and_up_to_its_final_read_again_and_a_new_one_follows(desk: Desk) -> None:
    await ended(desk)
    one = account(1)
    for to in (date(2026, 8, 10), READ_ON):
        moved = replace(one.contracts[0], to=to, reason="the register was read then")
        (outcome,) = await desk.open(replace(one, contracts=(moved,)))
        assert outcome.status == "done", outcome
    new = replace(one.contracts[0], contract_no="C1-new", from_=READ_ON, assignments=one.contracts[0].assignments)
    (outcome,) = await desk.open(replace(one, contracts=(replace(one.contracts[0], to=READ_ON, reason="x"), new)))
    assert outcome.status == "done", outcome


async def test_a_new_contract_after_the_last_bill_keeps_the_account_open_and_the_payout_is_waited_for(
    desk: Desk,
) -> None:
    closing = await ended(desk)
    await desk.measure(final_usage())
    assert await advance(desk, DAYS[0]) == {"billed": 1}
    one = account(1)
    old = replace(one.contracts[0], to=READ_ON)
    new = replace(one.contracts[0], contract_no="C1-new", from_=READ_ON, assignments=one.contracts[0].assignments)
    (outcome,) = await desk.open(replace(one, contracts=(old, new)))
    assert outcome.status == "done", outcome
    assert await advance(desk, DAYS[1]) == {}, "collection pays out what it was told to"
    await hear(desk, settled(await shown(desk, closing), DAYS[1], 70))
    assert await advance(desk, DAYS[2]) == {"settled": 1}
    assert (await shown(desk, closing))["paid_out_fen"] == 70
    assert await desk.published(AccountClosed) == []
    assert (await get(desk, "accounts/A1"))["closed_on"] is None


# --- any order


@walks(*range(4))
async def test_any_order_of_what_comes_late_ends_in_the_same_findings(desk: Desk, seed: int) -> None:
    draw = random.Random(seed)
    closing = await ended(desk)
    late = [answered(closing, on=LATE), answered(closing, "agree", on=UNTIL), answered(closing, on=UNTIL)]
    usages = [final_usage(), corrected(2, 7)]
    day = iter(DAYS)
    for fact in draw.sample(late + usages, k=5):
        await (hear(desk, fact) if fact in late else desk.measure(fact))
        if draw.random() < 0.5:
            await advance(desk, next(day))
            await desk.work()
    for _ in range(3):
        await advance(desk, next(day))
        await desk.work()
    told = {code: what for code, what, state in await found(desk) if state == "open"}
    assert told.pop("bill_changed", None) is None or await desk.published(BillCorrected)
    assert told == {"objected": UNTIL.isoformat(), "objected_late": LATE.isoformat(), "used": "7000 Wh"}
