"""A home that nobody uses is closed (销户): found, checked, announced, approved, read, billed, settled; its meter comes back."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from services.demo import setup
from services.demo.district import District
from services.demo.stage import DemoFailed, Stage
from services.demo.stories import MONTHS

STORY: Final = "unused"
PREPAID_FEN: Final = 5_000
PREPAID_ON, FOUND_ON, ANNOUNCED_ON = date(2026, 1, 10), date(2026, 2, 3), date(2026, 2, 6)
CHECKED_AT, READ_AT, READ_ON = "2026-02-05T10:00:00+08:00", "2026-03-09T10:00:00+08:00", date(2026, 3, 9)
OVER_ON: Final = date(2026, 3, 7)
"""A month after the announcement, and a day."""
ENDED_ON: Final = date(2026, 3, 10)
CYCLE: Final = "2026-03"
"""The last bill is of March: the demo's months have been billed by then."""
MOVEMENT_NO: Final = "MV-DEMO-1"
DAYS_MAX: Final = 7  # a day's job does what is known by then, and the next day's the rest


def _customer(district: District) -> Any:
    return district.customers[district.stories[STORY]]


async def prepay(stage: Stage) -> None:
    """Pay at the counter before anything is owed."""
    await stage.counter(_customer(stage.district).account_no, PREPAID_FEN, PREPAID_ON)


async def _closing(stage: Stage) -> dict[str, Any]:
    (found,) = await stage.all("billing", "/v1/closings", account_no=_customer(stage.district).account_no)
    return found


async def _day_by_day(
    stage: Stage, service: str, job: str, first: date, what: str, reached: Callable[[], Awaitable[bool]]
) -> None:
    """Run a daily job from a day on until it has done what follows from what is heard by then."""
    for day in islice(_days(first), DAYS_MAX):
        await stage.heard()
        await stage.job(service, job, day)
        if await reached():
            return
    raise DemoFailed(f"did not happen within {DAYS_MAX} days: {what}")


def _days(first: date) -> Iterator[date]:
    while True:
        yield first
        first += timedelta(days=1)


async def _advance(stage: Stage, first: date, what: str, is_it: Callable[[dict[str, Any]], bool]) -> None:
    async def reached() -> bool:
        return is_it(await _closing(stage))

    await _day_by_day(stage, "billing", "advance-closings", first, what, reached)


async def _order(stage: Stage, kind: str) -> dict[str, Any]:
    """Return the site order that a closing has asked for, once reading knows it."""
    found: list[dict[str, Any]] = []

    async def known() -> bool:
        point = _customer(stage.district).service_point_no
        orders = await stage.all("reading", "/v1/site-orders", service_point_no=point)
        found[:] = [each for each in orders if each["kind"] == kind]
        return bool(found)

    await stage.until(f"reading knows the {kind}", known)
    return found[0]


async def _report(stage: Stage, who: str, order: dict[str, Any], at: str, **said: Any) -> None:
    report = {"order_no": order["order_no"], "visited_at": at} | said
    answer = await stage.call(who, "POST", "reading", "/v1/site-orders/reports", {"items": [report]})
    stage.count(answer, {"done", "awaiting_approval"})


async def find(stage: Stage) -> None:
    """Find what nobody uses, and propose to close it."""
    await stage.job("billing", "find-unused-supplies", FOUND_ON)
    found = await stage.all("billing", "/v1/unused-supplies", state="open")
    contract_no = _customer(stage.district).contract_no
    if [each["contract_no"] for each in found] != [contract_no]:
        raise DemoFailed(f"{len(found)} supplies were found unused instead of one")
    body = {"contract_no": contract_no, "business_date": str(FOUND_ON), "explanation": "The letter box is full."}
    await stage.call("clerk-1", "POST", "billing", "/v1/closings", body)
    stage.say("a home that nobody has used is found, and its closing proposed")


async def announce(stage: Stage) -> None:
    """Check on site as another person, announce it, and tell the customer, who has a month to object."""
    await _report(stage, "inspector-1", await _order(stage, "closing_check"), CHECKED_AT, result="unused")
    await _advance(stage, ANNOUNCED_ON, "the closing is announced", lambda closing: closing["state"] == "announced")
    account_no = _customer(stage.district).account_no

    async def told() -> bool:
        notices = await stage.all("notify", "/v1/notices", account_no=account_no)
        return any(one["template"] == "closing_announced" and one["state"] == "delivered" for one in notices)

    await stage.until("the customer is told of the closing", told)
    closing = await _closing(stage)
    stage.say(f"checked on site, announced on {closing['announced_on']} until {closing['objection_until']}")


async def end(stage: Stage) -> None:
    """Approve as a third person once the month is over, read the meter, and bill for the last time."""
    await _advance(stage, OVER_ON, "who is told has not objected", lambda closing: closing["told_on"] is not None)
    closing = await _closing(stage)
    path, seen = f"/v1/closings/{closing['closing_no']}/approval", {"If-Match": f'"{closing["version"]}"'}
    body = {"explanation": "A month has passed, and nobody has objected."}
    await stage.call("clerk-1", "POST", "billing", path, body, headers=seen)
    asked = await stage.all("billing", "/v1/approvals", kind="closing")
    await stage.approve(
        "billing", *(each for each in asked if each["subject_id"] == closing["closing_no"]), who="reviewer-2"
    )
    order = await _order(stage, "final_read")
    shown = {"meter_no": _customer(stage.district).meter_no, "unit": "kWh", "registers": _faces(stage.district)}
    await _report(stage, setup.READER, order, READ_AT, result="read", **shown)
    order = await _order(stage, "final_read")
    decision = {"items": [{"order_no": order["order_no"], "version": order["version"]}]}
    stage.count(await stage.call("uploader-1", "POST", "reading", "/v1/site-orders/decisions", decision), {"done"})
    after = ("ended", "billed")
    await _advance(stage, ENDED_ON, "the contract ends", lambda closing: closing["state"] in after)
    await _advance(
        stage, ENDED_ON + timedelta(days=DAYS_MAX), "the last bill", lambda closing: closing["state"] == "billed"
    )
    stage.say("approved by a third person, read, and billed for the last time")


async def settle(stage: Stage) -> None:
    """Pay back what was prepaid, close the account, and take the meter back."""
    billed_on = date.fromisoformat((await _closing(stage))["billed_on"])

    async def paid_out() -> bool:
        return bool(await stage.all("collection", "/v1/settlements", state="settled"))

    await _day_by_day(stage, "collection", "settle-accounts", billed_on, "the account is settled", paid_out)
    await _advance(
        stage, billed_on + timedelta(days=1), "the account is closed", lambda closing: closing["state"] == "settled"
    )
    i = stage.district.stories[STORY]
    (installed,) = setup.installations(stage.district, [i])
    down = installed | {"removed_on": str(READ_ON), "closing": _faces(stage.district)}
    await stage.put("engineer-1", "reading", "/v1/installations", [down])
    back = {"movement_no": MOVEMENT_NO, "meter_no": installed["meter_no"], "kind": "take_back"}
    back |= {"moved_on": str(ENDED_ON), "org_unit": stage.district.route_of(i).org_unit}
    stage.count(await stage.call("engineer-1", "POST", "reading", "/v1/meter-movements", {"items": [back]}), {"done"})
    last = billed_on + timedelta(days=2 * DAYS_MAX)
    await _advance(stage, last, "the meter is back", lambda closing: closing["state"] == "closed")
    account_no = _customer(stage.district).account_no

    async def told() -> bool:
        notices = await stage.all("notify", "/v1/notices", account_no=account_no)
        return any(one["template"] == "account_closed" and one["state"] == "delivered" for one in notices)

    await stage.until("the customer is told that the account is closed", told)
    stage.say("what was prepaid is paid back, the account is closed, and its meter is back")


def _faces(district: District) -> dict[str, str]:
    """Return what the meter shows on any day."""
    i = district.stories[STORY]
    return district.faces(i, district.counts([i], MONTHS[-1].read_on)[0])


async def lines(stage: Stage, story: str) -> list[str]:
    """Return what the page says of the closing; nothing of other stories."""
    if story != STORY:
        return []
    closing = await _closing(stage)
    told = [
        f"unused since {closing['since']}, proposed {closing['proposed_on']} by {closing['proposed_by']}",
        f"checked by {closing['checked_by']}: {closing['check_result']}",
        f"announced {closing['announced_on']} until {closing['objection_until']}, told {closing['told_on']}",
        f"approved by {closing['approved_by']}, read {closing['ends_on']}",
        f"last bill {_yuan(closing['final_fen'])}, paid back {_yuan(closing['paid_out_fen'])} yuan",
        f"{closing['state']}, meter back on {closing['closed_on']}",
    ]
    return [f"  {one}" for one in told]


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02}"
