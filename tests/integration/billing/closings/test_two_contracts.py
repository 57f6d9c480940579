"""The money of an account is paid out with the last of its contracts, once all of them are billed to their ends."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from shared.events.closings import AccountClosed, FinalBillIssued
from tests.kits.billing import Desk, account, closed, usage
from tests.kits.closings import (
    AFTER,
    ANNOUNCED,
    APPROVER,
    READ_ON,
    advance,
    ask_approval,
    delivered,
    done,
    final_usage,
    find,
    hear,
    months,
    propose,
    settled,
    shown,
)

DAYS = [READ_ON + timedelta(days=n) for n in range(1, 6)]


async def ended(desk: Desk, *numbers: int, to: date | None = None) -> list[dict[str, Any]]:
    """Walk the closings of contracts of one account of two flats, of which the second may end by itself, to their ends."""
    one, other = account(1), account(7)
    second = replace(other.contracts[0], to=to)
    await desk.open(replace(one, contracts=(one.contracts[0], second)))
    for n in numbers:
        for each in months(n):
            await desk.released(each)
    await find(desk)
    made = [await propose(desk, n) for n in numbers]
    for closing in made:
        await hear(desk, done(closing, "unused"), delivered(closing, notice=f"N-{closing['closing_no']}"))
    await advance(desk, ANNOUNCED)
    await advance(desk, AFTER)
    for closing in made:
        asked = (await ask_approval(desk, closing)).json()
        assert await desk.second(asked, subject=APPROVER) == ("done", None)
    await hear(desk, *[done(await shown(desk, closing), "read", on=READ_ON) for closing in made])
    assert await advance(desk, READ_ON) == {"ended": len(made)}
    return [await shown(desk, closing) for closing in made]


async def told(desk: Desk) -> list[tuple[str, bool]]:
    return [(each.service_point_no, each.ends_account) for each in await desk.published(FinalBillIssued)]


async def test_of_two_contracts_that_end_together_the_last_that_is_billed_ends_the_account(desk: Desk) -> None:
    await ended(desk, 1, 7)
    await desk.measure(final_usage(1, kwh=7))
    assert await advance(desk, DAYS[0]) == {"billed": 1}
    assert await told(desk) == [("SP1", False)], "the other contract has ended and is not billed"
    await desk.measure(final_usage(7, kwh=9))
    assert await advance(desk, DAYS[1]) == {"billed": 1, "settled": 1}
    assert await told(desk) == [("SP1", False), ("SP7", True)]


async def test_final_bills_of_one_day_end_the_account_once(desk: Desk) -> None:
    made = await ended(desk, 1, 7)
    await desk.measure(final_usage(1, kwh=7), final_usage(7, kwh=9))
    assert await advance(desk, DAYS[0]) == {"billed": 1}
    assert await advance(desk, DAYS[0]) == {}, "one of an account a day"
    assert await advance(desk, DAYS[1]) == {"billed": 1, "settled": 1}
    assert [ends for _, ends in await told(desk)] == [False, True]
    (last,) = [now for each in made if (now := await shown(desk, each))["state"] == "billed"]
    assert await advance(desk, DAYS[2]) == {}
    await hear(desk, settled(last, DAYS[2], 100))
    assert await advance(desk, DAYS[3]) == {"settled": 1}
    (fact,) = await desk.published(AccountClosed)
    assert (fact.closing_no, fact.paid_out_fen) == (last["closing_no"], 100)


async def test_a_contract_that_ended_without_a_closing_is_billed_to_its_end_first(desk: Desk) -> None:
    await ended(desk, 1, to=date(2020, 2, 1))
    await desk.measure(final_usage(1, kwh=7))
    assert await advance(desk, DAYS[0]) == {}
    assert await told(desk) == []
    last = usage(7, 2, 40, route="R7", period_from=date(2020, 1, 1), period_to=date(2020, 2, 1))
    await desk.measure(last)
    assert await advance(desk, DAYS[1]) == {}, "it is not out"
    await desk.close(closed([last]))
    await desk.work()
    assert await advance(desk, DAYS[2]) == {"billed": 1}
    assert await told(desk) == [("SP1", True)]
