"""Each step of a run has a clock in business days, by dates of what happened, and says who is waited for."""

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from tests.kits.billing import Desk, account, closed, usage


async def clocks(desk: Desk, cycle: str = "2026-01", **more: Any) -> list[dict[str, Any]]:
    query = {name: value for name, value in more.items() if name != "org_units"}
    units = {"org_units": more["org_units"]} if "org_units" in more else {}
    async with desk.client(**units) as client:
        answer = await client.get("/v1/run-clocks", params={"cycle": cycle} | query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def steps(clock: dict[str, Any], name: str = "done_on") -> dict[str, Any]:
    return {each["step"]: each[name] for each in clock["steps"]}


IN_TIME = {"read_on": "2026-02-01", "uploaded_on": "2026-02-01", "closed_on": "2026-02-02"}


async def test_a_run_in_time_breaches_nothing_and_nobody_is_waited_for(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], **IN_TIME))
    await desk.work()
    (clock,) = await clocks(desk)
    assert steps(clock) == {
        "read": "2026-02-01",
        "uploaded": "2026-02-01",
        "closed": "2026-02-02",
        "calculated": "2026-02-02",
        "reviewed": "2026-02-02",
        "released": "2026-02-02",
    }
    assert (clock["breached"], clock["held_by"]) == ([], None)
    assert steps(clock, "business_days")["released"] == 1
    assert await clocks(desk, breached="true") == []
    assert await clocks(desk, org_units=("zj/ningbo",)) == []


async def test_a_late_upload_and_a_bill_that_waits_are_breaches_with_who_holds_them(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    late = {"read_on": "2026-02-01", "uploaded_on": "2026-02-04", "closed_on": "2026-02-05"}
    await desk.close(closed([usage(1, 1, 1200)], **late), day_comes=False)
    (clock,) = await clocks(desk, breached="true")
    assert clock["breached"] == ["uploaded", "closed", "calculated", "reviewed", "released"]
    assert (clock["held_by"], steps(clock)["reviewed"]) == ("reviewer", None)
    assert steps(clock, "business_days")["closed"] == 4
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.decide(bill_id, "approve", "2026-02-06")
    (clock,) = await clocks(desk)
    assert (steps(clock)["reviewed"], clock["held_by"]) == ("2026-02-06", "releaser")


async def test_what_reading_has_not_explained_is_held_by_reading(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], unexplained=1))
    assert [clock["held_by"] for clock in await clocks(desk)] == ["reading"]


@pytest.mark.parametrize("order", permutations(("open", "usage", "closed")), ids="-".join)
async def test_the_order_of_arrival_decides_nothing(desk: Desk, order: tuple[str, ...]) -> None:
    for step in order:
        if step == "open":
            await desk.open(account(1))
        elif step == "usage":
            await desk.measure(usage(1))
        else:
            await desk.close(closed([usage(1)], **IN_TIME), day_comes=False)
        await desk.work()
    (clock,) = await clocks(desk)
    assert (steps(clock)["reviewed"], clock["breached"], clock["held_by"]) == ("2026-02-02", [], None)


async def test_a_year_without_a_calendar_says_so_and_guesses_nothing(desk: Desk) -> None:
    days = {"read_date": date(2031, 2, 1), "period_from": date(2031, 1, 1), "period_to": date(2031, 2, 1)}
    known = [usage(1).model_copy(update={"cycle": "2031-01"} | days)]
    await desk.measure(*known)
    await desk.close(closed(known, closed_on="2031-02-02"), day_comes=False)
    (clock,) = await clocks(desk, "2031-01")
    assert steps(clock, "due_on")["released"] is None
    assert steps(clock, "is_late")["released"] is False
