"""Signals open a case of their kind at their point, or join it: one case, whose clock runs from the earliest of them."""

import asyncio
import random
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.events.fact import Fact
from shared.events.reading import MeterAlarmRaised, ObservationRecorded, ServicePointChanged
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import alarm, ask, bring, got, later, listed, observation, opened, point, tip
from tests.kits.effort import walks


async def test_whatever_points_to_one_suspicion_is_one_case_since_the_earliest_day(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1))
    await desk.hear(MeterAlarmRaised, alarm())
    await desk.hear(ObservationRecorded, observation())
    (outcome,) = await bring(desk, tip())
    (case,) = await listed(desk)
    assert (case["kind"], case["state"], case["first_signal_on"]) == ("theft", "open", "2026-02-08")
    assert (case["account_no"], case["contract_no"], case["org_unit"]) == ("A1", "C1", "zj/hangzhou")
    assert outcome == {"index": 0, "status": "done", "id": case["case_no"]}
    whole = await got(desk, f"cases/{case['case_no']}")
    told = [(each["source"], each["seen_on"], each["state"]) for each in whole["signals"]]
    # half past midnight and half past eleven at night, by the clock of the utility
    days = [("tip", "2026-02-08"), ("alarm", "2026-02-10"), ("observation", "2026-02-12")]
    assert told == [(*each, "joined") for each in days]
    # 2026-02-08 is a Sunday; the spring festival has days off until the 23rd, and the 14th and 28th are worked on
    due = {each["step"]: each["due_on"] for each in whole["steps"]}
    assert due == {"site_check": "2026-02-13", "calculation": "2026-02-27", "decision": "2026-03-05"}


async def test_what_a_bill_finds_opens_a_case_once_however_often_it_is_calculated(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1))
    await desk.measure(usage(1, 1, 4000))
    await desk.measure(usage(1, 1, 4100, version=2, replaces_reason="reread"))
    (case,) = await listed(desk)
    assert (case["kind"], case["first_signal_on"], case["account_no"]) == ("high_usage", "2026-02-01", "A1")
    (signal,) = await listed(desk, "case-signals")
    assert (signal["source"], signal["code"]) == ("finding", "billing.implausible_home")
    assert signal["reference"] in [row[0] for row in await desk.bills("bill_id")]


async def test_a_meter_that_failed_its_test_opens_a_case_of_a_metering_fault(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1))
    await desk.hear(ObservationRecorded, observation(1, kind="meter_failed"))
    (case,) = await listed(desk)
    assert (case["kind"], case["state"]) == ("meter_error", "open")


async def test_codes_that_no_policy_names_and_alarms_that_ended_are_no_signals(desk: Desk) -> None:
    await desk.tell(point(1))
    await desk.hear(MeterAlarmRaised, alarm(1, state="ended"), alarm(2, kind="clock"), alarm(3, kind="of_next_year"))
    await desk.hear(ObservationRecorded, observation(1, kind="damage"))
    assert await listed(desk) == []
    assert await listed(desk, "case-signals") == []


async def test_a_signal_of_an_unknown_point_waits_and_is_listed(desk: Desk) -> None:
    await desk.hear(MeterAlarmRaised, alarm())
    (outcome,) = await bring(desk, tip())
    assert (outcome["status"], outcome["code"]) == ("waiting", "case_signal.unknown_service_point")
    assert await listed(desk) == []
    assert [each["source"] for each in await listed(desk, "case-signals", state="waiting")] == ["tip", "alarm"]
    async with desk.client() as client:
        metrics = (await client.get("/metrics")).text
    assert "wattline_waiting_oldest_age_seconds" in metrics
    await desk.hear(ServicePointChanged, point(1))
    (case,) = await listed(desk)
    assert (case["first_signal_on"], len(await listed(desk, "case-signals", state="joined"))) == ("2026-02-08", 2)
    assert await listed(desk, "case-signals", state="waiting") == []


async def test_a_tip_is_known_by_its_number(desk: Desk) -> None:
    await desk.tell(point(1), point(2))
    (first,) = await bring(desk, tip(1))
    assert await bring(desk, tip(1)) == [{"index": 0, "status": "already_done"}]
    (other,) = await bring(desk, tip(1, 2))
    assert (other["status"], other["code"]) == ("conflicting_duplicate", "case_signal.conflicting_duplicate")
    twice = await bring(desk, tip(2), tip(2, 2))
    assert {each["code"] for each in twice} == {"request.repeated_in_batch"}
    assert [case["case_no"] for case in await listed(desk)] == [first["id"]]
    (ahead,) = await bring(desk, tip(9, day=date(2190, 1, 1)))
    assert ahead["code"] == "business_date.in_the_future"
    # the number is of who brings it
    (of_another,) = await bring(desk, tip(1, 2), subject="hotline-2")
    assert of_another["status"] == "done"


async def test_a_tip_about_another_bureaus_point_is_refused_now_or_once_that_is_known(desk: Desk) -> None:
    elsewhere = {"subject": "inspector-9", "org_units": ["zj/ningbo"]}
    (waiting,) = await bring(desk, tip(1), **elsewhere)
    assert waiting["status"] == "waiting"
    await desk.hear(ServicePointChanged, point(1))
    (refused,) = await listed(desk, "case-signals", state="refused")
    assert refused["source_no"] == "T1"
    assert await listed(desk) == []
    (outcome,) = await bring(desk, tip(2), **elsewhere)
    assert outcome["code"] == "auth.other_org_unit"
    number = await opened(desk)
    assert await listed(desk, who=elsewhere) == []
    assert await ask(desk, f"cases/{number}/assignment", {"assignee": "x"}, org_units=["zj/ningbo"]) == (
        404,
        "case.unknown",
    )


async def test_a_signal_of_days_that_were_looked_into_is_of_the_ended_case_and_listed_as_late(desk: Desk) -> None:
    number = await opened(desk)
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    body = {"explanation": "nothing found", "business_date": "2026-02-20"}
    assert await ask(desk, f"cases/{number}/dismissal", body, seen=seen) == (200, None)
    await desk.hear(MeterAlarmRaised, alarm(1, day=date(2026, 2, 18)), alarm(2, day=date(2026, 2, 25)))
    (outcome,) = await bring(desk, tip(9, day=date(2026, 2, 19)))
    assert (outcome["status"], outcome["code"], outcome["id"]) == ("waiting", "case_signal.case_ended", number)
    late = await listed(desk, "case-signals", state="late")
    assert {(each["source_no"], each["case_no"]) for each in late} == {("ALARM-1", number), ("T9", number)}
    async with desk.client() as client:
        assert "wattline_case_signals_late 2.0" in (await client.get("/metrics")).text
    first, second = await listed(desk)
    assert (first["case_no"], first["state"]) == (number, "dismissed")
    assert (second["state"], second["first_signal_on"]) == ("open", "2026-02-25")
    status = await ask(desk, f"cases/{number}/reopening", {"reason": "the alarm of the 18th"}, seen=seen + 1)
    assert status == (409, "case.another_is_open")


def facts(drawn: random.Random) -> list[Fact]:
    found: list[Fact] = []
    for number in range(24):
        where, day = drawn.randint(1, 4), later(drawn.randint(-20, 20))
        made: Any = alarm if drawn.random() < 0.5 else observation
        kinds = ("cover_opened", "phase") if made is alarm else ("tamper", "other_use", "danger")
        found.append(made(number, where, day, kind=drawn.choice(kinds)))
    return [*found, *(point(n) for n in range(1, 4))]  # nobody tells of the fourth point


async def cases_of(desk: Desk) -> list[Any]:
    cases = await listed(desk, limit=100)
    signals = await listed(desk, "case-signals", limit=100)
    of = {(each["source_no"], each["state"], each["case_no"]) for each in signals}
    return sorted((c["case_no"], c["kind"], c["service_point_no"], c["first_signal_on"]) for c in cases) + sorted(
        (number, state, case_no or "") for number, state, case_no in of
    )


@walks(*range(8))
async def test_any_order_any_batch_and_twice_ends_in_the_same_cases(desk: Desk, seed: int) -> None:
    told = facts(random.Random(7))
    by_hand: dict[tuple[str, str], date] = {}
    kinds = {"cover_opened": "theft", "tamper": "theft", "phase": "wrong_wiring", "other_use": "change_of_use"}
    for fact in told:
        kind = kinds.get(getattr(fact, "kind", ""))
        if kind is None or isinstance(fact, ServicePointChanged) or fact.service_point_no == "SP4":  # type: ignore[attr-defined]
            continue
        at = fact.happened_at if isinstance(fact, MeterAlarmRaised) else fact.seen_at  # type: ignore[attr-defined]
        where = (kind, fact.service_point_no)  # type: ignore[attr-defined]
        by_hand[where] = min(at.date(), by_hand.get(where, at.date()))
    drawn = random.Random(seed)
    order = [*told, *drawn.sample(told, 9)]
    drawn.shuffle(order)
    while order:
        size = drawn.randint(1, 6)
        batch, order = order[:size], order[size:]
        for kind_ in (ServicePointChanged, MeterAlarmRaised, ObservationRecorded):
            of_kind = {fact.model_dump_json(): fact for fact in batch if type(fact) is kind_}
            if of_kind:
                await desk.hear(kind_, *of_kind.values())
    found = await listed(desk, limit=100)
    assert {(c["kind"], c["service_point_no"]): date.fromisoformat(c["first_signal_on"]) for c in found} == by_hand
    waiting = await listed(desk, "case-signals", state="waiting", limit=100)
    assert waiting
    assert {each["service_point_no"] for each in waiting} == {"SP4"}


@pytest.mark.postgres
async def test_signals_at_the_same_moment_open_one_case(postgres_database: str, tmp_path: Path) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        await desk.tell(*(point(n) for n in range(8)))
        heard = [
            desk.hear(MeterAlarmRaised, *(alarm(100 * number + n, n) for n in drawn))
            for number in range(12)
            for drawn in [random.Random(number).sample(range(8), 5)]
        ]
        await asyncio.gather(*heard, *(bring(desk, tip(number, number % 8)) for number in range(16)))
        cases = await listed(desk, limit=100)
        assert sorted(case["service_point_no"] for case in cases) == [f"SP{n}" for n in range(8)]
        assert {case["first_signal_on"] for case in cases} == {"2026-02-08"}
        assert len(await listed(desk, "case-signals", state="joined", limit=200)) == 12 * 5 + 16


@pytest.mark.parametrize("source", ["facts", "bills"])
async def test_a_thousand_signals_take_as_many_statements_as_ten(desk: Desk, source: str) -> None:
    counts = []
    for start, count in ((5000, 1), (0, 10), (1000, 1000)):  # the first of a process keeps what its bills rest on
        numbers = range(start, start + count)
        await desk.open(*(account(n) for n in numbers))
        await desk.tell(*(point(n) for n in numbers))
        seen = desk.watch()
        if source == "facts":
            await desk.hear(MeterAlarmRaised, *(alarm(n, n) for n in numbers))
        else:
            await desk.measure(*(usage(n, 1, 4000) for n in numbers))
        counts.append(len(seen))
    assert counts[1] == counts[2]


async def test_late_signals_are_of_the_case_again_once_it_is_reopened(desk: Desk) -> None:
    number = await opened(desk)
    body = {"explanation": "nothing found", "business_date": "2026-02-20"}
    assert await ask(desk, f"cases/{number}/dismissal", body, seen=1) == (200, None)
    (head,) = await listed(desk)
    assert (head["first_signal_on"], head["ended_on"], head["days"]) == ("2026-02-08", "2026-02-20", 12)
    (outcome,) = await bring(desk, tip(9, day=date(2026, 2, 19)))
    assert outcome["code"] == "case_signal.case_ended"
    reason = {"reason": "the tip of the 19th", "business_date": "2026-02-21"}
    assert (await ask(desk, f"cases/{number}/reopening", reason, seen=2))[0] == 200
    assert await listed(desk, "case-signals", state="late") == []
    case = await got(desk, f"cases/{number}")
    assert {each["state"] for each in case["signals"]} == {"joined"}
    assert case["days"] is None
    assert case["opened_at"]
