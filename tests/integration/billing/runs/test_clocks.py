"""Each step of a run has a clock in business days, by dates of what happened, and says who is waited for."""

import csv
import io
import re
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from services.billing.business_day import store as business_day
from services.billing.runs.use_cases import clocks as use_case
from shared.events.reading import RouteExplained
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


def people(clock: dict[str, Any]) -> dict[str, str]:
    return {step: who for step, who in steps(clock, "person").items() if who}


async def let_go(desk: Desk, *, on: str | None = None, explanation: str = "") -> None:
    """Release the run as releaser-1, and as second-1 where two people do it."""
    async with desk.client(subject="releaser-1") as client:
        etag = (await client.get("/v1/runs/R1/2026-01")).headers["ETag"]
        said = {"business_date": on, "explanation": explanation}
        answer = await client.post("/v1/runs/R1/2026-01/release", json=said, headers={"If-Match": etag})
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        assert await desk.second(answer.json()) == ("done", None)


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
    held = {"uploaded": "reading", "closed": "reading", "calculated": "rater", "reviewed": "reviewer"}
    assert steps(clock, "held_by") == held | {"read": None, "released": "releaser"}
    assert people(clock) == {"reviewed": "reviewer-1"}


async def test_what_reading_has_not_explained_is_held_by_reading(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], unexplained=1))
    assert [clock["held_by"] for clock in await clocks(desk)] == ["reading"]


@pytest.mark.parametrize("order", list(permutations(("open", "usage", "closed"))), ids="-".join)
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


async def come(desk: Desk, day: str) -> None:
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date.fromisoformat(day))


async def test_totals_that_agreed_late_are_late_for_ever_though_the_run_is_due_and_issued_in_time(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.close(closed([usage(1)], **IN_TIME), day_comes=False)
    await come(desk, "2026-02-09")
    await desk.measure(usage(1))
    await desk.work()
    (clock,) = await clocks(desk)
    assert (clock["status"], clock["breached"]) == ("released", ["calculated", "reviewed", "released"])
    assert [steps(clock, "held_by")[step] for step in clock["breached"]] == ["rater", "rater", "releaser"]
    assert people(clock) == {}, "it went by itself"
    assert [steps(clock)[step] for step in ("closed", "calculated", "reviewed", "released")] == [
        "2026-02-02",
        *["2026-02-09"] * 3,
    ]
    async with desk.client() as client:
        run = (await client.get("/v1/runs/R1/2026-01")).json()
    assert (run["issue_on"], run["calculated_on"], run["released_on"]) == ("2026-02-02", "2026-02-09", "2026-02-09")
    assert run["released_by"] is None


async def test_a_decision_and_a_release_of_an_earlier_day_are_those_of_the_day_on_which_they_were_taken(
    desk: Desk,
) -> None:
    desk.release_by_reviewer()
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    await desk.close(closed([usage(1, 1, 1200)], **IN_TIME), day_comes=False)
    await come(desk, "2026-02-11")
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.decide(bill_id, "approve", "2026-02-02")
    (clock,) = await clocks(desk)
    assert (steps(clock)["reviewed"], clock["held_by"]) == ("2026-02-11", "releaser")
    await come(desk, "2026-02-12")
    await let_go(desk, on="2026-02-02")
    (clock,) = await clocks(desk)
    assert people(clock) == {"reviewed": "reviewer-1"}, "its bills are not out"
    await desk.work()
    (clock,) = await clocks(desk)
    assert (steps(clock)["released"], clock["breached"]) == ("2026-02-12", ["reviewed", "released"])
    assert people(clock) == {"reviewed": "reviewer-1", "released": "releaser-1"}
    assert [steps(clock, "held_by")[step] for step in clock["breached"]] == ["reviewer", "releaser"]
    assert await clocks(desk, breached="true", org_units=("zj/ningbo",)) == []
    async with desk.client() as client:
        assert (await client.get("/v1/runs/R1/2026-01")).json()["released_by"] == "releaser-1"


async def test_of_two_who_released_a_run_late_the_second_is_named(desk: Desk) -> None:
    desk.release_by_reviewer()
    desk.two_people(run__release=[{"from_fen": 0, "second": "billing:release"}])
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], **IN_TIME | {"closed_on": "2026-02-01"}, unexplained=1), day_comes=False)
    await come(desk, "2026-02-05")
    await let_go(desk, explanation="The flood: nobody could get there.")
    await desk.work()
    (clock,) = await clocks(desk)
    assert (steps(clock)["reviewed"], clock["breached"]) == ("2026-02-05", ["reviewed", "released"])
    assert people(clock) == {"reviewed": "second-1", "released": "second-1"}, "the points were let go with the run"
    assert {steps(clock, "held_by")[step] for step in clock["breached"]} == {"releaser"}


async def test_a_release_in_time_names_nobody(desk: Desk) -> None:
    desk.release_by_reviewer()
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], **IN_TIME), day_comes=False)
    await let_go(desk, on="2026-02-02")
    await desk.work()
    (clock,) = await clocks(desk)
    assert (steps(clock)["released"], clock["breached"], people(clock)) == ("2026-02-02", [], {})


async def test_a_late_review_that_is_not_done_names_whose_most_of_its_held_bills_are(desk: Desk) -> None:
    known = [usage(n, 1, 1200) for n in range(1, 5)]
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.measure(*known)
    await desk.close(closed(known, **IN_TIME), day_comes=False)
    bills = [bill_id for (bill_id,) in await desk.bills("bill_id", status="held")]
    assert len(bills) == 4
    seen = desk.watch()
    (clock,) = await clocks(desk)
    statements = len(seen)
    for whose, named in (
        ({}, {}),
        ({0: "reviewer-2", 1: "reviewer-1", 2: "reviewer-1"}, {"reviewed": "reviewer-1"}),
        ({2: "reviewer-2"}, {"reviewed": "reviewer-2"}),
        ({0: None, 1: None, 2: None}, {}),
        ({3: "reviewer-3"}, {"reviewed": "reviewer-3"}),
    ):
        given = [{"bill_id": bills[at], "assignee": subject} for at, subject in whose.items()]
        async with desk.client() as client:
            if given:
                answer = await client.post("/v1/review-queue/assignments", json={"items": given})
                assert {each["status"] for each in answer.json()["outcomes"]} == {"done"}, answer.text
        await come(desk, "2026-02-04")
        seen.clear()
        (clock,) = await clocks(desk)
        assert (people(clock), len(seen)) == (named, statements)
    await desk.decide(bills[3], "approve", "2026-02-05", subject="reviewer-3")
    for bill_id in bills[:3]:
        await desk.decide(bill_id, "approve", "2026-02-06")
    (clock,) = await clocks(desk)
    assert people(clock) == {"reviewed": "reviewer-1"}, "who decided last, not whose one was"


async def test_a_bill_that_is_held_no_more_by_another_calculation_was_reviewed_on_that_day(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    await desk.close(closed([usage(1, 1, 1200)], **IN_TIME), day_comes=False)
    await come(desk, "2026-02-06")
    await desk.measure(usage(1, 1, 200, version=2, late=True, told_on="2026-02-06"))
    assert {row[0] for row in await desk.bills("status")} == {"replaced", "ready"}
    (clock,) = await clocks(desk)
    assert (steps(clock)["reviewed"], "reviewed" in clock["breached"]) == ("2026-02-06", True)


async def test_a_review_that_begins_anew_is_done_when_the_last_bill_is(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    await desk.close(closed([usage(1)], **IN_TIME), day_comes=False)
    (clock,) = await clocks(desk)
    assert steps(clock)["reviewed"] == "2026-02-02"
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.decide(bill_id, "hold", "2026-02-02")
    await come(desk, "2026-02-05")
    (clock,) = await clocks(desk)
    assert (steps(clock)["reviewed"], clock["held_by"]) == (None, "reviewer")
    await desk.decide(bill_id, "approve", "2026-02-05")
    (clock,) = await clocks(desk)
    assert steps(clock)["reviewed"] == "2026-02-05"
    assert "reviewed" in clock["breached"]


@pytest.mark.parametrize("together", [True, False])
async def test_closings_that_come_in_one_batch_have_the_days_of_those_that_come_alone(
    desk: Desk, together: bool
) -> None:
    await desk.open(account(1), account(2))
    known = [usage(1), usage(2, route="R2")]
    await desk.measure(*known)
    facts = [closed([usage(1)], **IN_TIME), closed(known[1:], **IN_TIME | {"closed_on": "2026-02-10"})]
    for batch in [facts] if together else [[each] for each in facts]:
        await desk.close(*batch, day_comes=False)
    assert [steps(clock)["calculated"] for clock in await clocks(desk)] == ["2026-02-02", "2026-02-10"]


async def test_reads_that_came_after_the_closing_make_the_upload_late(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    told = {"route_no": "R1", "org_unit": "zj/hangzhou", "cycle": "2026-01", "read_date": "2026-02-01", "version": 1}
    told |= {"unexplained": 0, "explained_on": "2026-02-06", "uploaded_on": "2026-02-06"}
    for step in ("told", "closed", "told"):
        if step == "closed":
            await desk.close(closed([usage(1)], **IN_TIME | {"closed_on": "2026-02-01"}, unexplained=1))
        else:
            await desk.give(RouteExplained(**told))
    (clock,) = await clocks(desk)
    assert (steps(clock)["uploaded"], steps(clock)["reviewed"]) == ("2026-02-06", "2026-02-06")
    assert {"uploaded", "reviewed"} <= set(clock["breached"])
    assert (steps(clock, "held_by")["reviewed"], steps(clock, "person")["reviewed"]) == ("reading", None)


async def test_another_read_date_of_the_cycle_excuses_no_step_of_the_first(desk: Desk) -> None:
    await desk.open(account(1))
    known = usage(1)
    await desk.measure(known)
    await desk.close(closed([known], **IN_TIME | {"closed_on": "2026-02-04"}))
    await desk.work()
    (before,) = await clocks(desk)
    assert before["breached"] == ["closed", "calculated", "reviewed", "released"]
    later = {"read_date": "2026-02-25", "closed_on": "2026-02-26", "usages": 0, "sum_wh": 0, "expected": 0, "actual": 0}
    await desk.close(closed([known], **later), day_comes=False)
    (after,) = await clocks(desk)
    assert (after["read_date"], after["breached"]) == (before["read_date"], before["breached"])


async def past_due(desk: Desk) -> dict[str, tuple[int, int]]:
    """Return what is scraped by step: how many runs stand there past due, and by how many days the one due first."""
    async with desk.client() as client:
        text = (await client.get("/metrics")).text
    assert "wattline_gauge_failures_total 0.0" in text
    runs = dict(re.findall(r'^wattline_run_steps_overdue{step="(\w+)"} ([0-9.]+)$', text, re.MULTILINE))
    oldest = dict(
        re.findall(r'^wattline_run_steps_overdue_oldest_seconds{step="(\w+)"} ([0-9.]+)$', text, re.MULTILINE)
    )
    assert all(float(seconds) % 86_400 == 0 for seconds in oldest.values())
    return {step: (int(float(runs[step])), int(float(oldest[step])) // 86_400) for step in runs}


NOTHING = {"calculated": (0, 0), "reviewed": (0, 0), "released": (0, 0)}


async def test_runs_past_due_are_counted_at_the_step_they_stand_at_by_business_dates_alone(desk: Desk) -> None:
    assert await past_due(desk) == NOTHING
    await desk.open(account(1), account(2), account(3))
    held, differs, late = usage(1, 1, 1200), usage(2, route="R2"), usage(3, route="R3")
    await desk.measure(held, differs, late)
    told = (closed([held], **IN_TIME), closed([differs], **IN_TIME, usages=2), closed([late], **IN_TIME))
    await desk.close(*told, day_comes=False)
    assert await past_due(desk) == NOTHING, "the day by which they are due is not over"
    await come(desk, "2026-02-03")
    assert await past_due(desk) == {"calculated": (1, 1), "reviewed": (1, 1), "released": (1, 1)}
    await desk.work()
    await come(desk, "2026-02-12")
    assert await past_due(desk) == NOTHING | {"calculated": (1, 10), "reviewed": (1, 10)}
    ((bill_id,),) = await desk.bills("bill_id", status="held")
    await desk.decide(bill_id, "approve", "2026-02-12")
    await desk.work()
    assert await past_due(desk) == NOTHING | {"calculated": (1, 10)}
    assert [clock["route_no"] for clock in await clocks(desk, breached="true") if clock["held_by"]] == ["R2"]


async def test_a_released_run_whose_held_bill_stayed_behind_is_past_due_until_it_is_decided(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    known = [usage(1, 1, 1200), usage(2)]
    await desk.measure(*known)
    await desk.close(closed(known, **IN_TIME))
    await desk.work()
    (clock,) = await clocks(desk)
    assert (clock["status"], clock["held_by"]) == ("released", "reviewer")
    await come(desk, "2026-02-04")
    assert await past_due(desk) == NOTHING | {"reviewed": (1, 2)}
    ((bill_id,),) = await desk.bills("bill_id", status="held")
    await desk.decide(bill_id, "approve", "2026-02-04")
    assert await past_due(desk) == NOTHING


async def test_a_run_without_a_calendar_of_its_year_is_not_past_due(desk: Desk) -> None:
    days = {"read_date": date(2031, 2, 1), "period_from": date(2031, 1, 1), "period_to": date(2031, 2, 1)}
    known = [usage(1).model_copy(update={"cycle": "2031-01"} | days)]
    await desk.measure(*known)
    await desk.close(closed(known, closed_on="2031-02-02"), day_comes=False)
    await come(desk, "2031-06-01")
    assert await past_due(desk) == NOTHING


async def test_a_scrape_takes_as_many_statements_for_1000_runs_past_due_as_for_10(desk: Desk) -> None:
    counts = []
    seen = desk.watch()
    for numbers in (range(10), range(10, 1000)):
        for first in range(numbers.start, numbers.stop, 500):
            known = [usage(n, route=f"R{n}") for n in range(first, min(first + 500, numbers.stop))]
            await desk.close(*(closed([each], **IN_TIME) for each in known), day_comes=False)
        await come(desk, "2026-02-05")
        seen.clear()
        assert await past_due(desk) == NOTHING | {"calculated": (numbers.stop, 3)}
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_all_clocks_are_a_file_and_none_is_cut(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.open(account(1), account(2))
    known = [usage(1), usage(2, 1, 1200, route="R2")]
    await desk.measure(*known)
    await desk.close(closed(known[:1], **IN_TIME), closed(known[1:], **IN_TIME))
    await desk.work()
    await come(desk, "2026-02-04")
    shown = {clock["route_no"]: clock for clock in await clocks(desk)}
    query = {"cycle": "2026-01", "format": "csv", "limit": "1"}
    async with desk.client() as client:
        answer = await client.get("/v1/run-clocks", params=query)
        late = await client.get("/v1/run-clocks", params=query | {"breached": "true"})
        monkeypatch.setattr(use_case, "RUNS_MAX", 1)
        refused = await client.get("/v1/run-clocks", params=query)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = {row["route_no"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert [row["route_no"] for row in csv.DictReader(io.StringIO(late.text))] == ["R2"]
    assert (refused.status_code, refused.json()["code"]) == (422, "run_clocks.too_many")
    assert list(rows) == ["R1", "R2"]
    for route, row in rows.items():
        for name in ("cycle", "org_unit", "status", "read_date"):
            assert row[name] == shown[route][name]
        for step in shown[route]["steps"]:
            for name in ("due_on", "done_on", "business_days", "is_late", "held_by", "person"):
                assert row[f"{step['step']}_{name}"] == ("" if step[name] is None else str(step[name]))
        assert (row["breached"].split(), row["held_by"]) == (shown[route]["breached"], shown[route]["held_by"] or "")
    assert rows["R2"]["breached"]
