"""A case is given to somebody, proved by references, kept to its days, dismissed with an explanation, reopened with a reason."""

from dataclasses import replace
from datetime import date

from shared.business_calendar import Calendar
from shared.events.billing import SiteOrderRequested
from shared.events.reading import SiteOrderDone
from tests.kits.billing import Desk, account
from tests.kits.cases import ask, bring, got, listed, opened, point, tip

SEAL = {"evidence_no": "E1", "kind": "seal", "reference": "SEAL-77", "seen_on": "2026-02-11"}
LOAD = {"evidence_no": "E2", "kind": "measured_load", "reference": "CLAMP-1", "kw": "2.4", "seen_on": "2026-02-11"}


async def version(desk: Desk, number: str) -> int:
    return int((await got(desk, f"cases/{number}"))["row_version"])


async def come(desk: Desk, day: date) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/jobs/date-case-steps/runs", json={"business_date": day.isoformat()})
    assert answer.status_code == 200, answer.text


async def test_with_its_first_investigator_the_investigation_begins(desk: Desk) -> None:
    number = await opened(desk)
    for who in ("inspector-1", "inspector-1", "inspector-2"):
        assert (await ask(desk, f"cases/{number}/assignment", {"assignee": who}))[0] == 200
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["assignee"]) == ("investigating", "inspector-2")
    assert [each["event"] for each in case["moves"]] == ["investigate"]
    assert [case["case_no"] for case in await listed(desk, assignee="inspector-2")] == [number]
    assert await listed(desk, assignee="inspector-1") == []


async def test_evidence_is_added_never_edited_and_withdrawn_with_a_reason(desk: Desk) -> None:
    number = await opened(desk)
    path = f"cases/{number}/evidence"
    _, told = await ask(desk, path, {"items": [SEAL, LOAD]})
    assert [each["status"] for each in told["outcomes"]] == ["done", "done"]
    _, again = await ask(desk, path, {"items": [SEAL, LOAD | {"kw": "9.9"}]})
    assert [each["status"] for each in again["outcomes"]] == ["already_done", "conflicting_duplicate"]
    assert (await ask(desk, f"{path}/E1/withdrawal", {"reason": "the neighbour's seal"}))[0] == 200
    assert await ask(desk, f"{path}/E1/withdrawal", {"reason": "again"}) == (404, "case.unknown_evidence")
    seal, load = (await got(desk, f"cases/{number}"))["evidence"]
    assert (seal["reference"], seal["withdrawn_by"], seal["withdrawn_reason"]) == (
        "SEAL-77",
        "inspector-1",
        "the neighbour's seal",
    )
    assert (load["kw"], load["added_by"], load["withdrawn_by"]) == ("2.4", "inspector-1", None)
    assert (await ask(desk, path, {"items": [SEAL | {"evidence_no": "E3", "kind": "hearsay"}]}))[0] == 422


async def test_what_a_site_order_of_a_case_finds_joins_it_as_evidence(desk: Desk) -> None:
    number = await opened(desk)
    path = f"cases/{number}/site-orders"
    assert await ask(desk, path, {"kind": "use_check"}) == (409, "case.account_unknown")
    await desk.open(account(2))
    number = await opened(desk, n=2)
    status, told = await ask(desk, f"cases/{number}/site-orders", {"kind": "use_check", "business_date": "2026-02-12"})
    assert status == 200
    (asked,) = await desk.published(SiteOrderRequested)
    said = (asked.request_id, asked.kind, asked.reference, asked.reason, asked.asked_on)
    assert said == (told["order_no"], "use_check", number, "theft", date(2026, 2, 12))
    assert (await got(desk, f"cases/{number}"))["state"] == "investigating"
    done = SiteOrderDone(
        order_no=asked.request_id,
        service_point_no="SP2",
        org_unit="zj/hangzhou",
        kind="use_check",
        requested_by="inspector-1",
        reference=number,
        done_on=date(2026, 2, 16),
        result="other_use",
        visited_by="inspector-7",
        read_id="R-1",
    )
    await desk.hear(SiteOrderDone, done)
    await desk.hear(SiteOrderDone, done)
    case = await got(desk, f"cases/{number}")
    found = {(each["kind"], each["reference"], each["code"], each["added_by"]) for each in case["evidence"]}
    assert found == {
        ("site_order", asked.request_id, "other_use", "inspector-7"),
        ("read", "R-1", None, "inspector-7"),
    }
    assert {each["step"]: each["done_on"] for each in case["steps"] if each["done_on"]} == {"site_check": "2026-02-16"}


async def test_what_is_not_done_by_its_day_is_overdue_until_it_is_done_or_the_case_ends(desk: Desk) -> None:
    number = await opened(desk)
    await bring(desk, tip(2, 1, date(2026, 2, 20), "breach"))
    await come(desk, date(2026, 2, 13))
    assert await listed(desk, overdue=True) == []
    await come(desk, date(2026, 2, 14))
    assert [case["case_no"] for case in await listed(desk, overdue=True)] == [number]
    counts = {
        (each["kind"], each["state"]): (each["cases"], each["overdue"]) for each in await listed(desk, "case-counts")
    }
    assert counts == {("breach", "open"): (1, 0), ("theft", "open"): (1, 1)}
    async with desk.client() as client:
        metrics = (await client.get("/metrics")).text
    assert "wattline_cases_open 2.0" in metrics
    assert "wattline_cases_overdue_oldest_seconds 0.0" not in metrics
    assert (await ask(desk, f"cases/{number}/steps", {"step": "site_check", "business_date": "2026-02-14"}))[0] == 200
    assert await listed(desk, overdue=True) == []
    await come(desk, date(2026, 3, 2))
    assert [case["case_no"] for case in await listed(desk, overdue=True, kind="theft")] == [number]
    seen = await version(desk, number)
    await ask(desk, f"cases/{number}/dismissal", {"explanation": "paid long ago"}, seen=seen)
    assert await listed(desk, overdue=True, kind="theft") == []


async def test_a_case_is_dismissed_with_an_explanation_and_reopened_with_a_reason(desk: Desk) -> None:
    number = await opened(desk)
    path = f"cases/{number}"
    for words in ("", "   "):
        assert (await ask(desk, f"{path}/dismissal", {"explanation": words}, seen=1))[0] == 422
    assert await ask(desk, f"{path}/dismissal", {"explanation": "known"}) == (428, "precondition.missing")
    assert await ask(desk, f"{path}/dismissal", {"explanation": "known"}, seen=7) == (412, "precondition.stale")
    early = {"explanation": "known", "business_date": "2026-02-07"}
    assert await ask(desk, f"{path}/dismissal", early, seen=1) == (422, "case.before_its_signal")
    said = {"explanation": "the family has grown", "business_date": "2026-02-09"}
    assert (await ask(desk, f"{path}/dismissal", said, seen=1))[0] == 200
    case = await got(desk, path)
    ended = (case["state"], case["ended_on"], case["ended_by"], case["explanation"], case["outcome_fen"])
    assert ended == ("dismissed", "2026-02-09", "inspector-1", "the family has grown", 0)
    assert await ask(desk, f"{path}/dismissal", said, seen=2) == (409, "case.not_possible")
    assert await ask(desk, f"{path}/assignment", {"assignee": "x"}) == (409, "case.not_possible")
    again = {"reason": "the seal was broken", "business_date": "2026-03-02"}
    assert (await ask(desk, f"{path}/reopening", again, seen=2))[0] == 200
    case = await got(desk, path)
    assert (case["state"], case["reopened_on"], case["ended_on"], case["outcome_fen"]) == (
        "investigating",
        "2026-03-02",
        None,
        None,
    )
    assert {each["since"] for each in case["steps"]} == {"2026-03-02"}
    assert not any(each["done_on"] for each in case["steps"])
    told = [(each["event"], each["explanation"]) for each in case["moves"]]
    assert told == [("dismiss", "the family has grown"), ("reopen", "the seal was broken")]
    # an earlier signal moves the clock of the case, and no step of what runs anew
    await bring(desk, tip(3, 1, date(2026, 2, 1)))
    case = await got(desk, path)
    assert case["first_signal_on"] == "2026-02-01"
    assert {each["since"] for each in case["steps"]} == {"2026-03-02"}


async def test_steps_whose_year_has_no_calendar_are_dated_once_it_is_there(desk: Desk) -> None:
    desk.app.state.context = replace(desk.context, calendar=Calendar([]))
    number = await opened(desk)
    assert [each["due_on"] for each in (await got(desk, f"cases/{number}"))["steps"]] == [None, None, None]
    await come(desk, date(2026, 2, 9))
    days = [each["due_on"] for each in (await got(desk, f"cases/{number}"))["steps"]]
    assert days == ["2026-02-13", "2026-02-27", "2026-03-05"]


async def test_the_steps_of_300_cases_are_dated_in_as_many_statements_as_those_of_10(desk: Desk) -> None:
    counts = []
    for day, numbers in ((9, range(10)), (10, range(10, 310))):
        desk.app.state.context = replace(desk.context, calendar=Calendar([]))
        await desk.tell(*(point(n) for n in numbers))
        await bring(desk, *(tip(n, n) for n in numbers))
        seen = desk.watch()
        await come(desk, date(2026, 2, day))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert all(step["due_on"] for step in (await got(desk, f"cases/{(await listed(desk))[0]['case_no']}"))["steps"])


async def test_cases_are_listed_by_what_they_are(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1), point(2, "zj/hangzhou/xihu"), point(3, "zj/ningbo"))
    kinds = ("theft", "breach", "meter_error")
    await bring(desk, *(tip(n, n, kind=kind) for n, kind in enumerate(kinds, 1)))
    assert len(await listed(desk)) == 3
    for query, expected in (
        ({"kind": "breach"}, {"SP2"}),
        ({"state": "open"}, {"SP1", "SP2", "SP3"}),
        ({"state": "dismissed"}, set()),
        ({"org_unit": "zj/hangzhou"}, {"SP1", "SP2"}),
        ({"account_no": "A1"}, {"SP1"}),
        ({"service_point_no": "SP3"}, {"SP3"}),
    ):
        assert {case["service_point_no"] for case in await listed(desk, **query)} == expected, query
    async with desk.client() as client:
        first = (await client.get("/v1/cases", params={"limit": 2})).json()
        rest = (await client.get("/v1/cases", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
