"""The review of a run is due on the business day after its read day (抄表次日), and it goes out by itself on that day."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.billing.runs import jobs
from services.billing.views.store import totals as views
from shared.db import jobs as platform_jobs
from shared.events.billing import BillIssued
from shared.events.reading import RouteClosed, UsageMeasured
from shared.settings import SettingsError
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account, closed, usage

NEXT_YEAR = {"id": "X", "year": 2027, "title": "T", "source": "S", "days_off": [], "working_days": []}


def read_on(day: date, n: int = 1, **more: Any) -> UsageMeasured:
    """A usage of the month that ends on a day."""
    start = (day - timedelta(days=28)).replace(day=1)
    days = {"period_from": start, "period_to": day, "read_date": day}
    one = usage(n, usage_id=f"U-{n}-{day}", **days | more)
    return one.model_copy(update={"cycle": f"{start:%Y-%m}"})


def closing(one: UsageMeasured, days: int = 1) -> RouteClosed:
    return closed([one], closed_on=one.read_date + timedelta(days=days))


async def run_of(desk: Desk, cycle: str) -> dict[str, Any]:
    async with desk.client() as client:
        answer = await client.get(f"/v1/runs/R1/{cycle}")
    shown: dict[str, Any] = answer.json()
    return shown


async def release(desk: Desk, day: date) -> None:
    await platform_jobs.run(desk.db, jobs.release_runs(desk.context), day)
    await desk.work()


async def out(desk: Desk) -> list[date]:
    return [fact.bill.issued_on for fact in await desk.published(BillIssued)]


@pytest.mark.parametrize(
    ("read", "due"),
    [
        (date(2026, 4, 1), date(2026, 4, 2)),  # the 1st, a Wednesday, goes out on the 2nd
        (date(2026, 3, 6), date(2026, 3, 9)),  # Friday
        (date(2026, 2, 13), date(2026, 2, 14)),  # a Friday, before a Saturday on which people work
        (date(2026, 2, 14), date(2026, 2, 24)),  # the spring festival
        (date(2026, 9, 18), date(2026, 9, 20)),  # a Friday, before a Sunday on which people work
    ],
)
async def test_a_run_goes_out_on_the_business_day_after_its_read_day(desk: Desk, read: date, due: date) -> None:
    one = read_on(read)
    await desk.open(account(1))
    await desk.measure(one)
    await desk.close(closing(one), day_comes=False)
    await release(desk, due - timedelta(days=1))
    run = await run_of(desk, one.cycle)
    assert (run["due_on"], run["issue_on"]) == (str(due), str(due))
    if due > read + timedelta(days=1):
        assert (run["status"], await out(desk)) == ("releasing", [])
    await release(desk, due)
    assert ((await run_of(desk, one.cycle))["status"], await out(desk)) == ("released", [due])


async def test_the_closing_of_another_route_brings_the_day_too(desk: Desk) -> None:
    friday, monday = read_on(date(2026, 3, 6)), read_on(date(2026, 3, 8), 2, route="R2")
    await desk.open(account(1), account(2))
    await desk.measure(friday, monday)
    await desk.close(closing(friday), day_comes=False)
    await desk.work()
    assert await out(desk) == []
    await desk.close(closing(monday), day_comes=False)
    await desk.work()
    assert await out(desk) == [date(2026, 3, 9)] * 2


async def test_bills_are_reviewed_while_the_window_is_open_and_go_out_when_it_closes(desk: Desk) -> None:
    tuesday = date(2026, 3, 3)
    held, straggler = read_on(tuesday, kwh=1001), read_on(tuesday, 2)
    await desk.open(account(1), account(2))
    await desk.measure(held)
    ((bill_id, status),) = await desk.bills("bill_id", "status")
    assert (status, (await run_of(desk, held.cycle))["due_on"]) == ("held", None)
    await desk.decide(bill_id, "approve", "2026-03-04")  # the business day after, the window is open until the 6th
    await desk.measure(straggler)
    await desk.close(closed([held, straggler], closed_on=date(2026, 3, 6)), day_comes=False)
    await desk.work()
    assert ((await run_of(desk, held.cycle))["due_on"], await out(desk)) == ("2026-03-06", [date(2026, 3, 6)] * 2)


async def test_a_year_without_calendar_is_refused_with_a_code_until_there_is_one(
    database_url: str, tmp_path: Path
) -> None:
    one = read_on(date(2026, 12, 31))
    async with billing_kit.desk(database_url, tmp_path) as desk:
        await desk.open(account(1))
        await desk.measure(one)
        await desk.close(closing(one))
        await release(desk, date(2027, 1, 4))
        run = await run_of(desk, one.cycle)
        assert (run["status"], run["due_on"], await out(desk)) == ("in_review", None, [])
        assert [found["code"] for found in run["findings"]] == ["billing.calendar_year_unknown"]
        async with desk.client() as client:
            etag = {"If-Match": f'"{run["version"]}"'}
            refused = await client.post(f"/v1/runs/R1/{one.cycle}/release", json={}, headers=etag)
            assert (refused.status_code, refused.json()["code"]) == (422, "calendar.year_unknown")
        (tmp_path / "calendar").mkdir()
        (tmp_path / "calendar" / "2027.json").write_text(json.dumps(NEXT_YEAR))
    made = billing_kit.again(database_url, tmp_path, WATTLINE_BUSINESS_CALENDAR=str(tmp_path / "calendar"))
    async with made as desk:
        await release(desk, date(2027, 1, 5))
        assert ((await run_of(desk, one.cycle))["due_on"], await out(desk)) == ("2027-01-01", [date(2027, 1, 5)])


async def test_a_calendar_that_cannot_be_used_is_refused_at_start(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "2026.json").write_text(json.dumps(NEXT_YEAR | {"days_off": [{"day": "2026-01-01", "name": "x"}]}))
    with pytest.raises(SettingsError, match="WATTLINE_BUSINESS_CALENDAR: value_wrong at /days_off/0/day"):
        async with billing_kit.desk(database_url, tmp_path, WATTLINE_BUSINESS_CALENDAR=str(tmp_path)):
            pass


async def test_a_run_is_overdue_after_the_end_of_the_day_on_which_it_is_due(desk: Desk) -> None:
    one = read_on(date(2026, 3, 6))
    await desk.open(account(1))
    await desk.measure(one)
    await desk.close(closing(one), day_comes=False)
    zone = desk.service.app.state.web.settings.timezone
    found = []
    for now in (datetime(2026, 3, 9, 15, 59, tzinfo=UTC), datetime(2026, 3, 9, 16, 1, tzinfo=UTC)):
        async with desk.db.view() as view:
            gauges = await views.gauges(view, now, zone, desk.context.calendar)
        found.append((gauges["runs_overdue_oldest_seconds"], gauges["calendar_left_seconds"]))
    day = 86_400.0
    assert found == [(0.0, 297 * day + 60), (60.0, 297 * day - 60)]


LATE = {"late": True, "told_on": date(2026, 2, 10)}


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
async def test_what_joins_a_run_that_is_out_has_a_date_that_does_not_follow_the_order_of_arrival(
    desk: Desk, order: tuple[int, ...]
) -> None:
    """Told in time: the date of the run, whenever the line or the account brings it. Told late: the day on which it was told."""
    steps = [
        lambda: desk.measure(usage(2)),  # held up on the line
        lambda: desk.measure(usage(3, **LATE)),  # read late
        lambda: desk.open(account(4)),  # its usage waits for it
        lambda: desk.released(usage(1, 2), usage(2, 2), usage(3, 2), usage(4, 2)),
    ]
    await desk.open(account(1), account(2), account(3))
    await desk.measure(usage(1), usage(4))
    await desk.close(closed([usage(1), usage(2), usage(4)]))
    for step in order:
        await steps[step]()
        await desk.work()
    assert {f.account_no: (f.bill.issued_on, f.bill.due_on) for f in await january(desk)} == {
        **dict.fromkeys(("A1", "A2", "A4"), (date(2026, 2, 2), date(2026, 2, 22))),
        "A3": (date(2026, 2, 10), date(2026, 3, 2)),
    }


async def january(desk: Desk) -> list[BillIssued]:
    return [fact for fact in await desk.published(BillIssued) if fact.bill.cycle == "2026-01"]


async def test_a_late_usage_that_is_held_goes_out_on_the_later_day_of_both(desk: Desk) -> None:
    await desk.open(account(1), account(2), account(3))
    await desk.released(usage(1))
    await desk.measure(usage(2, 1, 1001, **LATE), usage(3, 1, 1001, **LATE))
    for (bill_id,), day in zip(await desk.bills("bill_id", status="held"), ("2026-02-05", "2026-02-12"), strict=True):
        await desk.decide(bill_id, "approve", day)
    await desk.work()
    dates = [(f.account_no, f.bill.issued_on.day) for f in await january(desk)]
    assert sorted(dates) == [("A1", 2), ("A2", 10), ("A3", 12)]


async def test_a_bill_that_a_reviewer_corrects_behind_its_run_goes_out_on_the_day_of_the_decision(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.released(usage(1, 1, 1001), usage(2))
    ((held,),) = await desk.bills("bill_id", status="held")
    await desk.measure(usage(1, 1, 150, version=2, replaces_reason="better_read"))
    ((ready,),) = await desk.bills("bill_id", status="ready")
    await desk.decide(ready, "correct", "2026-02-05")
    await desk.work()
    (one,) = [fact.bill for fact in await january(desk) if fact.account_no == "A1"]
    assert (held != one.bill_id, one.issued_on, one.due_on) == (True, date(2026, 2, 5), date(2026, 2, 25))
