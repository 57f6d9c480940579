"""Homes that are used for something else are found from what is known, said why, and withdrawn where that is no more true."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import orjson
import pytest
from sqlalchemy.exc import OperationalError

from services.billing.contracts.store import supplies
from services.billing.settings import DEFAULT_USES
from services.billing.uses.domain import detect, policy
from services.billing.uses.domain.habits import habits_of
from services.billing.uses.use_cases import finding
from services.billing.uses.use_cases.finding import ALL, SEPARATOR
from tests.kits import cases, uses
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import point
from tests.kits.effort import walks
from tests.kits.uses import Place

DAY = "2026-07-25"
"""The day of a month on which the policy looks at all contracts."""


def place(sort: str) -> Place:
    """A drawn place of a sort that ends in July 2026 and is used so for weeks: the first that is found as such."""
    return next(each for each in uses.places(5, 12) if each.truth == sort and each.end == uses.ENDS[-1])


LIMITS: dict[str, Any] = {"policies": policy.load(orjson.loads(DEFAULT_USES.read_bytes()))}
WORKSHOP, HOME, IDLE = place("use_like_workshop"), place("home"), place("use_idle")


async def look(desk: Desk, day: str = DAY) -> dict[str, int]:
    async with desk.client() as client:
        answer = await client.post("/v1/jobs/find-changed-uses/runs", json={"business_date": day})
    assert answer.status_code == 200, answer.text
    counts: dict[str, int] = answer.json()["counts"]
    return counts


async def listed(desk: Desk, *, units: tuple[str, ...] = ("*",), **query: Any) -> list[dict[str, Any]]:
    async with desk.client(org_units=units) as client:
        answer = await client.get("/v1/use-findings", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def say(desk: Desk, found: dict[str, Any], verdict: str, *, seen: int | None = None, **who: Any) -> Any:
    body = {"verdict": verdict, "explanation": "seen on site"}
    tag = f'"{found["version"] if seen is None else seen}"'
    async with desk.client(**who) as client:
        return await client.post(
            f"/v1/use-findings/{found['finding_id']}/verdict", json=body, headers={"If-Match": tag}
        )


async def test_a_workshop_is_found_with_its_hours_its_days_and_what_it_is_compared_to(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await look(desk, "2026-06-25")
    await desk.measure(*uses.facts(WORKSHOP, 1), *uses.facts(HOME, 2))
    assert await look(desk, "2026-07-24") == {}, "all contracts are looked at on the day of the policy"
    assert await look(desk) == {"looked_at": 2, "found": 1, "withdrawn": 0}

    (found,) = await listed(desk)
    assert (found["code"], found["contract_no"], found["state"]) == ("billing.use_like_workshop", "C1", "open")
    assert found["score"] >= found["limit"]
    assert (found["confidence"] > 800, found["whole_days"] > 50, found["to"]) == (True, True, "2026-07-01")
    by = {each["what"]: each for each in found["evidence"]}
    assert (by["work_hours"]["hours"], by["work_hours"]["days"]) == ([8, 17], "business_days")
    assert by["work_hours"]["value"] > by["work_hours"]["expected"] + 100
    assert (by["days_off"]["days"], by["days_off"]["against"]) == ("days_off", "class_profile")
    assert by["days_off"]["value"] < by["days_off"]["expected"]
    assert found["explanation"]["zh"][0].startswith("用电像作坊")
    assert any("business days" in line and "08:00–17:00" in line for line in found["explanation"]["en"])
    assert await look(desk, "2026-07-26") == {"looked_at": 1, "found": 0, "withdrawn": 0}


async def test_what_is_found_is_a_signal_of_one_case_of_a_change_of_use(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.tell(point(1), point(2))
    await desk.measure(*uses.facts(WORKSHOP, 1), *uses.facts(IDLE, 2))
    assert (await look(desk))["found"] == 2
    (found,) = await listed(desk, code="billing.use_like_workshop")

    async def signals() -> list[dict[str, Any]]:
        async with desk.client() as client:
            items: list[dict[str, Any]] = (await client.get("/v1/case-signals")).json()["items"]
        return [each for each in items if each["kind"] == "change_of_use"]

    (signal,) = await signals()
    assert (signal["code"], signal["kind"], signal["reference"]) == (
        found["code"],
        "change_of_use",
        found["finding_id"],
    )
    assert (signal["service_point_no"], signal["seen_on"], signal["state"]) == ("SP1", DAY, "joined")
    # found as before it is no other signal; found again after it was withdrawn it is, and joins the same case
    await look(desk, "2026-07-26")
    await desk.measure(*uses.facts(HOME, version=2))
    assert (await look(desk, "2026-07-27"))["withdrawn"] == 1
    assert len(await signals()) == 1
    await desk.measure(*uses.facts(WORKSHOP, version=3))
    await look(desk, "2026-08-25")
    again = await signals()
    assert [each["seen_on"] for each in again] == [DAY, "2026-08-25"]
    assert len({each["case_no"] for each in again}) == 1


async def test_what_is_found_goes_as_soon_as_usages_say_otherwise_and_comes_again(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    await desk.measure(*uses.facts(HOME, version=2))
    assert await look(desk, "2026-07-26") == {"looked_at": 1, "found": 0, "withdrawn": 1}
    assert [each["changed_on"] for each in await listed(desk, state="withdrawn")] == ["2026-07-26"]
    await desk.measure(*uses.facts(WORKSHOP, version=3))
    assert (await look(desk, "2026-07-27")) == {}, "nothing stands that could be withdrawn"
    assert (await look(desk, "2026-08-25"))["found"] == 1
    (again,) = await listed(desk)
    assert (again["state"], again["found_on"], again["version"]) == ("open", "2026-08-25", 3)


async def test_a_day_that_is_missed_is_made_up_for_and_all_are_looked_at_once_a_month(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*uses.facts(HOME))
    assert (await look(desk, "2026-06-25"))["looked_at"] == 1
    assert [await look(desk, day) for day in ("2026-06-26", "2026-07-24")] == [{}, {}]
    await desk.measure(*uses.facts(WORKSHOP, version=2))
    assert (await look(desk, "2026-07-27"))["found"] == 1, "the 25th and the 26th were missed"
    assert (await look(desk, "2026-07-28"))["looked_at"] == 1, "what is found"
    await desk.measure(*uses.facts(HOME, version=3))
    await look(desk, "2026-07-29")
    assert [await look(desk, day) for day in ("2026-07-30", "2026-08-24")] == [{}, {}]
    assert (await look(desk, "2026-09-03"))["looked_at"] == 1, "a whole month was missed"
    assert (await look(desk, "2026-09-04")) == {}


async def test_a_look_that_broke_off_is_gone_on_with_on_that_day_or_done_on_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "CONTRACTS_PER_CHUNK", 1)
    await desk.open(account(1), account(2))
    find, left = finding.find, 1

    async def breaking(*args: Any, **more: Any) -> dict[str, int]:
        nonlocal left
        if not left:
            raise OperationalError("", {}, Exception("the power is out"))
        left -= 1
        return await find(*args, **more)

    monkeypatch.setattr(finding, "find", breaking)
    with pytest.raises(AssertionError, match="busy"):
        await look(desk)
    left = 9
    assert (await look(desk, "2026-07-26"))["looked_at"] == 2, "that of the 25th was not completed"
    assert (await look(desk))["looked_at"] == 1, "what was left of it"
    assert await look(desk, "2026-07-27") == {}


async def test_a_home_of_another_class_is_suspected_no_more(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    one = account(1)
    (terms,) = one.facts
    shop = type(terms)(date(2026, 7, 1), "commercial", 0, 1)
    (outcome,) = await desk.open(replace(one, facts=(*one.facts, shop)))
    assert outcome.status == "done", outcome
    assert (await look(desk, "2026-07-28"))["withdrawn"] == 1


async def test_of_a_contract_that_is_over_a_finding_stays_and_of_one_that_never_was_it_goes(desk: Desk) -> None:
    one, two = account(1), account(2)
    await desk.open(one, two)
    await desk.measure(*uses.facts(WORKSHOP, 1), *uses.facts(WORKSHOP, 2))
    assert (await look(desk))["found"] == 2
    ended = replace(one, contracts=tuple(replace(each, to=date(2026, 7, 1), reason="moved") for each in one.contracts))
    never = replace(two, contracts=tuple(replace(each, annulled=True, reason="mistake") for each in two.contracts))
    assert {outcome.status for outcome in await desk.open(ended, never)} <= {"done", "awaiting_approval"}
    async with desk.client("approvals:read", "approvals:decide", "billing:review", subject="second-1") as client:
        waiting = (await client.get("/v1/approvals", params={"state": "pending"})).json()["items"]
    for asked in waiting:
        assert (await desk.second(asked))[0] == "done"
    await look(desk, "2026-08-25")
    assert {each["contract_no"]: each["state"] for each in await listed(desk)} == {"C1": "open", "C2": "withdrawn"}


@walks(*range(3))
async def test_any_order_of_usages_and_corrections_ends_in_the_same_finding(desk: Desk, seed: int) -> None:
    await desk.open(account(1))
    facts = [*uses.facts(WORKSHOP), *uses.facts(HOME, version=2)[-3:], *uses.facts(WORKSHOP, version=3)[-3:]]
    random.Random(seed).shuffle(facts)
    half = len(facts) // 2
    await desk.measure(*facts[:half])
    await look(desk, "2026-06-25")
    await desk.measure(*facts[half:])
    await look(desk)
    (found,) = await listed(desk, state="open")
    assert found["code"] == "billing.use_like_workshop"
    assert found["score"] == _score(WORKSHOP, found["code"])


def _score(place: Place, code: str) -> int:
    """The score of a place's last twelve months, without a database."""
    limits = LIMITS["policies"].on(date(2026, 7, 25))
    known = uses.usages(place)[1:]
    habits = habits_of(known, "residential", uses=limits, zone=uses.ZONE, calendar=uses.CALENDAR)
    assert habits is not None
    return next(each.score for each in detect.scores(habits, limits) if each.code == code)


async def test_without_a_curve_level_and_calendar_decide_with_less_confidence_and_it_is_said(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(*uses.facts(IDLE, 1, curves=False), *uses.facts(HOME, 2, curves=False))
    assert (await look(desk))["found"] == 1
    (found,) = await listed(desk, service_point_no="SP1")
    assert (found["code"], found["whole_days"]) == ("billing.use_idle", 0)
    assert found["confidence"] < 800
    assert {each["what"] for each in found["evidence"]} <= {"low_months", "level_of_class", "level_of_past"}
    assert found["explanation"]["zh"][-1].startswith("没有负荷曲线")
    assert found["explanation"]["en"][-1].startswith("there is no load curve")


async def test_a_verdict_is_said_once_of_the_version_seen_and_judges_the_detector(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    (found,) = await listed(desk, code="billing.use_like_workshop", score_min=found_at_least(WORKSHOP))
    assert (await say(desk, found, "right", seen=9)).json()["code"] == "precondition.stale"
    other = await say(desk, found, "right", org_units=("zj/ningbo",))
    assert (other.status_code, other.json()["code"]) == (404, "use_finding.unknown")
    said = await say(desk, found, "known")
    assert (said.status_code, said.json()["state"], said.json()["verdict"]) == (200, "judged", "known")
    again = await say(desk, said.json(), "wrong")
    assert (again.status_code, again.json()["code"]) == (409, "use_finding.not_open")
    # next month it is found again, and it is known
    assert (await look(desk, "2026-08-25"))["found"] == 0
    assert [each["state"] for each in await listed(desk)] == ["judged"]
    async with desk.client() as client:
        (detector,) = (await client.get("/v1/use-detectors", params={"by": "class"})).json()["items"]
        assert "wattline_use_findings_open 0.0" in (await client.get("/metrics")).text
    assert (detector["code"], detector["customer_class"]) == ("billing.use_like_workshop", "residential")
    assert [detector[name] for name in ("judged", "right", "wrong", "known")] == [1, 0, 0, 1]
    assert detector["precision_permille"] is None


def found_at_least(place: Place) -> int:
    return _score(place, "billing.use_like_workshop")


def louder(place: Place, times: float) -> Place:
    """A place as it is, with its last weeks so many times as loud."""
    return replace(place, hours=np.concatenate([place.hours[:-70], place.hours[-70:] * times]))


async def signalled(desk: Desk) -> list[str]:
    async with desk.client() as client:
        items = (await client.get("/v1/case-signals")).json()["items"]
    return [each["seen_on"] for each in items if each["kind"] == "change_of_use"]


async def test_what_was_judged_is_asked_again_once_it_rises_over_that_and_both_figures_are_shown(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    (found,) = await listed(desk)
    judged = (await say(desk, found, "wrong")).json()
    assert judged["judged_before"] is None
    await desk.measure(*uses.facts(louder(WORKSHOP, 1.2), version=2))
    assert (await look(desk, "2026-07-26"))["found"] == 0, "a fifth more is no rise"
    ((still,), signals) = await listed(desk), await signalled(desk)
    assert (still["state"], still["wh_a_day"] > found["wh_a_day"], signals) == ("judged", True, [DAY])
    await desk.measure(*uses.facts(louder(WORKSHOP, 2), version=3))
    assert (await look(desk, "2026-08-25"))["found"] == 1
    (again,) = await listed(desk)
    assert (again["finding_id"], again["state"], again["verdict"]) == (found["finding_id"], "open", None)
    assert again["found_on"] == "2026-08-25"
    before = {"verdict": "wrong", "on": DAY, "score": found["score"], "wh_a_day": found["wh_a_day"]}
    assert (again["judged_before"], again["wh_a_day"] > 1.5 * found["wh_a_day"]) == (before, True)
    assert await signalled(desk) == [DAY, "2026-08-25"]
    assert (await look(desk, "2026-08-26"))["found"] == 0
    # what is said of it now is measured from now
    assert (await say(desk, (await listed(desk))[0], "known")).status_code == 200
    assert (await look(desk, "2026-08-27"))["found"] == 0


async def test_what_a_case_dismissed_is_a_signal_again_once_it_rises_over_that(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    (case,) = [each for each in await cases.listed(desk) if each["kind"] == "change_of_use"]
    body = {"explanation": "a large family", "business_date": "2026-07-26"}
    seen = (await cases.got(desk, f"cases/{case['case_no']}"))["row_version"]
    status, told = await cases.ask(desk, f"cases/{case['case_no']}/dismissal", body, seen=seen)
    assert status == 200, told
    assert (await look(desk, "2026-07-27"))["found"] == 0
    (dismissed,) = await listed(desk)
    await desk.measure(*uses.facts(louder(WORKSHOP, 2), version=2))
    assert (await look(desk, "2026-08-25"))["found"] == 1
    (again,) = await listed(desk)
    before = {"verdict": "wrong", "on": "2026-07-26", "score": dismissed["score"], "wh_a_day": dismissed["wh_a_day"]}
    assert (again["state"], again["case_verdict"], again["judged_before"]) == ("open", None, before)
    assert await signalled(desk) == [DAY, "2026-08-25"]
    mine = [each for each in await cases.listed(desk) if each["kind"] == "change_of_use"]
    assert [each["first_signal_on"] for each in mine] == [DAY, "2026-08-25"]


async def test_a_detector_below_its_floor_names_the_findings_in_which_it_was_wrong(desk: Desk) -> None:
    desk.expect_of_rules(floor_permille=600, verdicts_min=3)
    numbers = range(1, 5)
    await desk.open(*(account(n) for n in numbers))
    await desk.measure(*(fact for n in numbers for fact in uses.facts(WORKSHOP if n < 4 else IDLE, n)))
    await look(desk)
    for found in await listed(desk):
        wrong = found["code"] == "billing.use_like_workshop"
        assert (await say(desk, found, "wrong" if wrong else "right")).status_code == 200
    async with desk.client() as client:
        everything = (await client.get("/v1/use-detectors")).json()["items"]
        (below,) = (await client.get("/v1/use-detectors", params={"below_floor": True})).json()["items"]
    assert {each["code"]: (each["below_floor"], len(each["evidence"])) for each in everything} == {
        "billing.use_like_workshop": (True, 3),
        "billing.use_idle": (False, 0),
    }
    assert (below["code"], below["wrong"]) == ("billing.use_like_workshop", 3)
    mine = {each["finding_id"] for each in await listed(desk, code=below["code"])}
    assert {each["finding_id"] for each in below["evidence"]} == mine
    assert below["evidence"][0] | {"finding_id": ""} == {"finding_id": "", "business_date": DAY, "by_case": False}


async def test_by_worth_comes_first_where_the_most_is_used_times_how_often_its_detector_is_right(desk: Desk) -> None:
    await desk.open(*(account(n) for n in (1, 2, 3)))
    for n, place_ in ((1, WORKSHOP), (2, louder(WORKSHOP, 1.5)), (3, IDLE)):
        await desk.measure(*uses.facts(place_, n))
    await look(desk)
    assert await worths(desk) == ["SP2", "SP1", "SP3"]
    (two,) = await listed(desk, service_point_no="SP2")
    assert (await say(desk, two, "wrong")).status_code == 200
    assert await worths(desk, state="open") == ["SP1", "SP3"]
    assert await worths(desk, one_by_one=True) == ["SP2", "SP1", "SP3"]


async def worths(desk: Desk, *, one_by_one: bool = False, **query: Any) -> list[str]:
    found: list[str] = []
    more: dict[str, Any] = {"limit": 1} if one_by_one else {}
    async with desk.client() as client:
        while True:
            params = {"order": "worth", **query, **more}
            answer = (await client.get("/v1/use-findings", params=params)).json()
            found += [each["service_point_no"] for each in answer["items"]]
            if (cursor := answer["next_cursor"]) is None:
                return found
            more["cursor"] = cursor


async def test_everybody_sees_what_is_found_in_the_own_org_units(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    (found,) = await listed(desk, units=("zj/hangzhou",))
    assert await listed(desk, units=("zj/ningbo",)) == []
    assert await listed(desk, state="judged") == []
    async with desk.client(org_units=("zj/ningbo",)) as client:
        assert (await client.get(f"/v1/use-findings/{found['finding_id']}")).status_code == 404
        assert (await client.get("/v1/use-detectors")).json()["items"] == []


async def test_a_chunk_of_contracts_takes_as_many_statements_for_100_as_for_10(desk: Desk) -> None:
    counts = []
    for first, count in ((1000, 10), (2000, 100), (3000, 10)):
        numbers = range(first, first + count)
        await desk.open(*(account(n) for n in numbers))
        await desk.measure(*(usage(n, m, 0 if n % 2 else 200) for n in numbers for m in (4, 5, 6)))
        chunk = SEPARATOR.join((ALL, f"C{first}", f"C{first + count - 1}"))
        seen = desk.watch()
        async with desk.db.begin() as tx:
            done = await finding.find(tx, chunk, business_date=date(2026, 7, 25), context=desk.context, **LIMITS)
        assert (done["looked_at"], done["found"]) == (count, count // 2)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2], counts


async def test_all_contracts_are_cut_in_ranges_that_miss_none(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(1000, 1250)))
    async with desk.db.view() as view:
        ranges = await supplies.ranges(view, 100)
        found = [await supplies.between(view, *each, on=date(2026, 7, 25)) for each in ranges]
    assert [len(each) for each in found] == [100, 100, 50]
    assert len({each.contract_no for part in found for each in part}) == 250
