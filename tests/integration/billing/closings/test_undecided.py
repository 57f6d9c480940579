"""While anything is open about the money of an account its last bill is not told: nothing is paid out that may be owed yet."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from shared.events.billing import ChargeIssued
from shared.events.closings import FinalBillIssued
from tests.integration.billing.adjustments.test_adjustments import shown as of_meter
from tests.integration.billing.cases.test_calculations import theft
from tests.integration.billing.closings.test_too_late import ended, found
from tests.integration.billing.closings.test_two_contracts import ended as both_ended
from tests.integration.billing.closings.test_two_contracts import told
from tests.kits import cases
from tests.kits.billing import Desk, account, usage
from tests.kits.closings import ANNOUNCED, READ_ON, advance, approved, closings, done, final_usage, hear, job, shown

DAYS = [READ_ON + timedelta(days=n) for n in range(1, 9)]


async def case(desk: Desk, day: date = ANNOUNCED, n: int = 1) -> Callable[[], Awaitable[None]]:
    number = await cases.opened(desk, n=n, day=day)

    return lambda: dismiss(desk, number)


async def dismiss(desk: Desk, number: str) -> None:
    body = {"explanation": "nothing", "verdict": "wrong", "business_date": READ_ON.isoformat()}
    version = (await cases.got(desk, f"cases/{number}"))["row_version"]
    assert (await cases.ask(desk, f"cases/{number}/dismissal", body, seen=version))[0] in (200, 204)


async def seen_last(desk: Desk) -> Callable[[], Awaitable[None]]:
    """A case that is opened as the meter is taken down, when nobody is supplied any more."""
    return await case(desk, READ_ON)


async def correction(desk: Desk) -> Callable[[], Awaitable[None]]:
    await desk.measure(usage(1, 3, 5000, route="R1", version=2, usage_id="AGAIN", replaces_reason="reread"))
    ((bill_id,),) = await desk.bills("bill_id", status="proposed")

    async def over() -> None:
        await desk.decide(bill_id, "cancel", READ_ON.isoformat())
        await refused_to_end(desk, "case_open", DAYS[1])  # what is implausible has opened a case
        for one in await cases.listed(desk, state="open"):
            await dismiss(desk, one["case_no"])

    return over


async def adjustment(desk: Desk) -> Callable[[], Awaitable[None]]:
    await hear(desk, of_meter())

    async def over() -> None:
        await job(desk, "adjust-meters", READ_ON)

    return over


OPEN = {
    "case_open": case,
    "bill_not_out": correction,
    "adjustment_waits": adjustment,
}


async def refused_to_end(desk: Desk, code: str, day: date) -> None:
    assert await advance(desk, day) == {}
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == [code]
    assert await desk.published(FinalBillIssued) == []


@pytest.mark.parametrize("first", ["what is open", "the end", "the last usage"])
@pytest.mark.parametrize("code", OPEN)
async def test_what_is_open_holds_the_payout_whenever_it_came_and_no_longer_than_it_is(
    desk: Desk, code: str, first: str
) -> None:
    if first == "what is open" and code != "bill_not_out":
        closing = await approved(desk)
        over = await OPEN[code](desk)
        await hear(desk, done(closing, "read", on=READ_ON))
        assert await advance(desk, READ_ON) == {"ended": 1}, "supply ends nevertheless"
        await desk.measure(final_usage())
    else:
        await ended(desk)
        if first == "the last usage":
            await desk.measure(final_usage())
        over = await OPEN[code](desk)
        if first != "the last usage":
            await desk.measure(final_usage())
    await refused_to_end(desk, code, DAYS[0])
    await over()
    assert await advance(desk, DAYS[2]) == {"billed": 1}
    assert [each.ends_account for each in await desk.published(FinalBillIssued)] == [True]
    assert await closings(desk, waiting="true") == []


async def test_a_case_that_is_seen_as_the_meter_is_taken_down_is_of_who_was_supplied_last(desk: Desk) -> None:
    await ended(desk)
    over = await seen_last(desk)
    await desk.measure(final_usage())
    await refused_to_end(desk, "case_open", DAYS[0])
    await over()
    assert await advance(desk, DAYS[1]) == {"billed": 1}


async def test_a_case_of_who_was_supplied_there_before_or_is_elsewhere_holds_nothing(desk: Desk) -> None:
    await ended(desk)
    other = account(5)
    before = replace(other.contracts[0], service_point_no="SP1", to=account(1).contracts[0].from_)
    before = replace(before, from_=before.to - timedelta(days=400)) if before.to else before
    await desk.open(replace(other, contracts=(before,)))
    await case(desk, n=6)
    await desk.measure(final_usage())
    assert await advance(desk, DAYS[0]) == {"billed": 1}


async def test_a_case_at_the_other_flat_of_the_account_holds_the_bill_that_ends_it_alone(desk: Desk) -> None:
    await both_ended(desk, 1, 7)
    over = await case(desk, n=1)
    await desk.measure(final_usage(1), final_usage(7))
    assert await advance(desk, DAYS[0]) == {"billed": 1}, "the account goes on"
    assert [ends for _, ends in await told(desk)] == [False]
    assert await advance(desk, DAYS[1]) == {"settled": 1}
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == ["case_open"]
    await over()
    assert await advance(desk, DAYS[2]) == {"billed": 1}
    assert [ends for _, ends in await told(desk)] == [False, True]


async def pending(desk: Desk, kind: str) -> dict[str, Any]:
    (asked,) = await cases.listed(desk, "approvals", state="pending", kind=kind)
    return dict(asked)


async def test_what_a_theft_comes_to_is_charged_before_the_money_is_settled_and_so_is_its_withdrawal(
    desk: Desk,
) -> None:
    await ended(desk)
    number = await cases.opened(desk, day=ANNOUNCED)
    await desk.measure(final_usage())
    await refused_to_end(desk, "case_open", DAYS[0])
    await cases.evidence(desk, number)
    assert (await cases.ask(desk, f"cases/{number}/calculations", theft(), seen=1))[0] == 200
    said = {"calculation": 1, "explanation": "the seal is broken", "business_date": DAYS[0].isoformat()}
    _, asked = await cases.ask(desk, f"cases/{number}/proposal", said, seen=2)
    await desk.second(asked, subject="second-1")
    await desk.second(await pending(desk, "case.charge.second"), subject="third-1")
    charges = await desk.published(ChargeIssued)
    assert [fact.charge.account_no for fact in charges] == ["A1", "A1"]
    given_up = {"cause": "waived", "explanation": "by the court"}
    _, asked = await cases.ask(desk, f"charges/{charges[1].charge.charge_no}/withdrawal", given_up)
    await refused_to_end(desk, "approval_waits", DAYS[1])
    assert await desk.second(asked, subject="second-1") == ("done", None)
    assert await advance(desk, DAYS[2]) == {"billed": 1}


async def test_a_case_that_is_opened_after_the_last_bill_was_told_is_found(desk: Desk) -> None:
    closing = await ended(desk)
    await desk.measure(final_usage())
    assert await advance(desk, DAYS[0]) == {"billed": 1}
    over = await case(desk)
    await advance(desk, DAYS[1])
    ((code, what, state),) = await found(desk)
    assert (code, what.split()[0], state) == ("case_open", "theft", "open")
    assert (await shown(desk, closing))["state"] == "billed"
    await over()
    await advance(desk, DAYS[2])
    assert [(code, state) for code, _, state in await found(desk)] == [("case_open", "gone")]
