"""Whatever comes first, in batches of any size, a day of a closing ends in the same; at any moment there is one of a contract."""

import asyncio
import random
from datetime import timedelta
from typing import Any

from services.billing.closings.tables import CLOSING
from shared.events.billing import BillIssued
from shared.events.closings import AccountClosed, ClosingWithdrawn, FinalBillIssued
from shared.events.fact import Fact
from tests.kits.billing import Desk, account
from tests.kits.closings import (
    AFTER,
    ANNOUNCED,
    APPROVER,
    PROPOSED,
    READ_ON,
    READER,
    advance,
    answered,
    ask_approval,
    begun,
    closings,
    delivered,
    done,
    failed,
    final_usage,
    find,
    hear,
    months,
    post,
    settled,
    shown,
    taken_back,
)
from tests.kits.effort import walks

NEXT = READ_ON + timedelta(days=1)


async def mixed(desk: Desk, draw: random.Random, *facts: Fact) -> None:
    """Hand facts over in any order, some twice, in batches of any size by type."""
    given = [*facts, *draw.sample(facts, k=len(facts) // 2)]
    draw.shuffle(given)
    assert desk.service.consumer is not None
    handlers = desk.service.consumer.handlers
    while given:
        size = draw.randint(1, len(given))
        batch, given = given[:size], given[size:]
        async with desk.db.begin() as tx:
            for kind, handler in handlers.items():
                if mine := [fact for fact in batch if fact.type == kind]:
                    await handler(tx, mine)


def told(closing: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in closing.items() if name not in ("check_order_no", "read_order_no")}


@walks(*range(5))
async def test_any_order_of_what_is_told_ends_in_the_same_closing(desk: Desk, seed: int) -> None:
    draw = random.Random(seed)
    (closing,) = await begun(desk)
    # the notice may come before the check is known here, and money that is settled before its bill
    await mixed(desk, draw, done(closing, "unused"), failed(closing), delivered(closing), failed(closing, "N2"))
    assert await advance(desk, ANNOUNCED) == {"announced": 1}
    await mixed(desk, draw, answered(closing, "agree"), delivered(closing), failed(closing, "N3"))
    await advance(desk, AFTER)
    asked = (await ask_approval(desk, closing)).json()
    assert await desk.second(asked, subject=APPROVER) == ("done", None)
    approved = await shown(desk, closing)
    bill = {**approved, "bill_id": "B"}
    money = settled(bill, NEXT, 100)
    meter = taken_back(closing, READ_ON)
    await mixed(desk, draw, done(approved, "read", on=READ_ON), money, meter, done(approved, "read", on=READ_ON))
    assert await advance(desk, READ_ON) == {"ended": 1}
    await mixed(desk, draw, final_usage(), money, done(closing, "unused"))
    assert await advance(desk, NEXT) == {"billed": 1}
    assert await advance(desk, NEXT + timedelta(days=1)) == {"settled": 1}
    assert await advance(desk, NEXT + timedelta(days=2)) == {"closed": 1}
    (last,) = await closings(desk)
    assert (last["final_fen"], last["paid_out_fen"], last["told_on"]) == (0, 100, ANNOUNCED.isoformat())
    assert len(await desk.published(FinalBillIssued)) == len(await desk.published(AccountClosed)) == 1
    assert len(await desk.published(BillIssued)) == 7


@walks(*range(4))
async def test_an_objection_wins_whatever_comes_with_it(desk: Desk, seed: int) -> None:
    draw = random.Random(seed)
    (closing,) = await begun(desk)
    await mixed(desk, draw, done(closing, "unused"), delivered(closing))
    await advance(desk, ANNOUNCED)
    await advance(desk, AFTER)
    asked = (await ask_approval(desk, closing)).json()
    await desk.second(asked, subject=APPROVER)
    approved = await shown(desk, closing)
    await mixed(desk, draw, done(approved, "read", on=READ_ON), answered(closing), delivered(closing, notice="N2"))
    assert await advance(desk, READ_ON) == {"withdrawn": 1}
    assert [each.code for each in await desk.published(ClosingWithdrawn)] == ["objected"]
    assert await desk.published(FinalBillIssued) == []


async def test_of_two_who_propose_at_once_one_does(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*months(1))
    await find(desk)
    body = {"contract_no": "C1", "business_date": PROPOSED.isoformat(), "explanation": "empty"}
    answers = await asyncio.gather(*(post(desk, "closings", body, who=f"{READER}-{n}") for n in range(6)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409, 409]
    assert await desk.count(CLOSING) == 1


async def test_a_day_of_closings_takes_the_same_statements_for_any_number(desk: Desk) -> None:
    await begun(desk, *range(1, 13))
    under_way = await closings(desk, limit="100")
    taken = []
    for day, some in ((ANNOUNCED, under_way[:3]), (ANNOUNCED + timedelta(days=1), under_way[3:])):
        await hear(desk, *(done(each, "unused") for each in some))
        seen = desk.watch()
        assert await advance(desk, day) == {"announced": len(some)}
        taken.append(len(seen))
    for day, some in ((AFTER, under_way[:3]), (AFTER + timedelta(days=1), under_way[3:])):
        await hear(desk, *(answered(each) for each in some))
        seen = desk.watch()
        assert await advance(desk, day) == {"withdrawn": len(some)}
        taken.append(len(seen))
    assert taken[0] == taken[1]
    assert taken[2] == taken[3]
