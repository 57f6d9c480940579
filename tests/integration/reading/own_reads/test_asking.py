"""Who could not be read is asked what the meter shows; the answer is a read of source self. On both databases."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.reading.settings import SHIPPED_POLICY
from shared.events.notify import CustomerAnswered, QuestionExpired
from tests.kits.reading import Kit, Statements, january, read, running

ASKED = "reading.own_read_asked.v1"
WITHDRAWN = "reading.question_withdrawn.v1"
EVENING = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
"""19:30 of the read day in Shanghai."""


def item(number: str = "OWN-1", point: str = "S0001", **more: Any) -> dict[str, Any]:
    asked = {"request_no": number, "service_point_no": point, "read_date": "2026-03-01", "asked_on": "2026-03-01"}
    return asked | more


async def ask(client: httpx.AsyncClient, *items: Any) -> list[str]:
    answer = await client.post("/v1/own-read-requests", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def nobody_home(kit: Kit, meters: int = 1, reason: str = "nobody_home") -> None:
    """100 kWh in January; on the first of March nobody was home."""
    await january(kit, meters)
    await kit.plan("2026-03-01")
    noted = [
        {"service_point_no": f"S{n:04}", "read_date": "2026-03-01", "reason": reason} for n in range(1, meters + 1)
    ]
    assert {each["status"] for each in await kit.put("unread-reasons", noted)} == {"done"}


async def questions(kit: Kit) -> dict[str, dict[str, Any]]:
    return {fact["subject_id"]: fact for fact in await kit.published(ASKED)}


def answered(asked: dict[str, Any], shows: str = "285.00", **more: Any) -> CustomerAnswered:
    same = {name: asked[name] for name in ("question_id", "subject_kind", "subject_id", "service_point_no")}
    said: dict[str, Any] = {"account_no": "A1", "answer": "reported", "answered_on": date(2026, 3, 1), "way": "link"}
    return CustomerAnswered(**same | said | {"figures": {"import": shows}, "seen_at": EVENING} | more)


def silent(asked: dict[str, Any]) -> QuestionExpired:
    same = {name: asked[name] for name in ("question_id", "subject_kind", "subject_id", "service_point_no")}
    return QuestionExpired(**same, reason="silent", expired_on=date(2026, 3, 7))


async def shown(kit: Kit, number: str = "OWN-1") -> tuple[Any, ...]:
    (found,) = [each for each in await kit.items("own-read-requests") if each["request_no"] == number]
    return found["state"], found["code"], found["read_id"]


async def test_who_was_not_at_home_says_what_the_meter_shows_and_is_billed_by_it(kit: Kit) -> None:
    await nobody_home(kit)
    reader = kit.client("reader-7", "reading:field")
    assert await ask(reader, item()) == ["done"]
    asked = (await questions(kit))["OWN-1"]
    assert (asked["meter_no"], asked["read_date"], asked["answer_by"]) == ("M0001", "2026-03-01", "2026-03-06")
    assert (asked["answers"], asked["registers"]) == (
        ["reported"],
        [{"quantity": "import", "digits": 8, "scale": 2}],
    )
    await kit.give(answered(asked), answered(asked, "280.00"))
    await kit.give(answered(asked, "270.00"))
    assert await shown(kit) == ("reported", None, "M0001~20260301T113000Z~self")
    await kit.close("2026-03-02")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 100_000), ("2026-03-01", 1, "actual", 85_000)]
    (found,) = await kit.items("own-read-requests", state="reported", read_date="2026-03-01")
    assert (found["reason"], found["way"], found["asked_by"], found["recorded_by"]) == (
        "nobody_home",
        "link",
        "reader-7",
        None,
    )
    got = (await kit.clerk.get(f"/v1/reads/{found['read_id']}")).json()
    assert (got["source"], got["registers"]) == ("self", {"import": "285.00"})


async def test_an_answer_after_the_window_takes_the_place_of_the_estimate(kit: Kit) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    await kit.close("2026-03-02")
    asked = (await questions(kit))["OWN-1"]
    await kit.give(answered(asked, way="call", recorded_by="clerk-2", answered_on=date(2026, 3, 4)))
    assert (await kit.energies())[1:] == [("2026-03-01", 1, "estimated", 90_320), ("2026-03-01", 2, "actual", 85_000)]
    assert await shown(kit) == ("reported", None, "M0001~20260301T113000Z~self")


@pytest.mark.parametrize(
    ("shows", "told"),
    [("300.00", []), ("280.00", [("2026-03-01", 2, "estimated", 74_660)])],
    ids=["beyond the estimate", "below it"],
)
async def test_an_answer_of_another_day_counts_as_any_read_of_that_day(
    kit: Kit, shows: str, told: list[tuple[str, int, str, int]]
) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    await kit.close("2026-03-02")
    later = EVENING + timedelta(days=2)
    await kit.give(answered((await questions(kit))["OWN-1"], shows, seen_at=later, answered_on=date(2026, 3, 3)))
    assert (await shown(kit))[0] == "reported"
    # an estimate that what was said does not allow is spread by days, any other stands
    assert (await kit.energies())[1:] == [("2026-03-01", 1, "estimated", 90_320), *told]


async def test_where_the_policy_tolerates_some_days_an_answer_within_them_counts_for_the_read_date(
    database_url: str, tmp_path: Path
) -> None:
    document = json.loads(SHIPPED_POLICY.read_text())
    document["versions"][0]["reads"]["read_tolerance_days"] = 3
    (tmp_path / "policy.json").write_text(json.dumps(document))
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=str(tmp_path / "policy.json")) as kit:
        await nobody_home(kit)
        await ask(kit.clerk, item())
        await kit.close("2026-03-02")
        later = EVENING + timedelta(days=2)
        await kit.give(answered((await questions(kit))["OWN-1"], seen_at=later, answered_on=date(2026, 3, 3)))
        assert (await kit.energies())[-1] == ("2026-03-01", 2, "actual", 85_000)


async def test_it_is_the_same_read_as_one_that_is_brought_to_the_counter(kit: Kit) -> None:
    await nobody_home(kit, 2)
    await ask(kit.clerk, item(), item("OWN-2", "S0002"))
    await kit.give(answered((await questions(kit))["OWN-1"]))
    counter = await kit.push_one("M0002", "", "285.00", "self", read_at="2026-03-01T19:30:00+08:00")
    assert counter["status"] == "accepted"
    first, second = [
        {name: usage[name] for name in ("period_to", "version", "quality", "energy_wh", "findings")}
        for point in ("S0001", "S0002")
        for usage in (await kit.usages(point))[1:]
    ]
    assert first == second
    await kit.give(answered((await questions(kit))["OWN-2"]))
    assert await shown(kit, "OWN-2") == ("reported", None, "M0002~20260301T113000Z~self"), "it is there already"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"figures": {"import": "1234567.00"}}, "reading.too_many_digits"),
        ({"figures": {"import": "-5"}}, "reading.negative"),
        ({"figures": {}}, "reading.missing_register"),
        ({"figures": {"import": "285.00", "export": "1"}}, "reading.unknown_register"),
        ({"seen_at": None}, "reading.bad_time"),
        ({"seen_at": datetime(2027, 3, 1, tzinfo=UTC)}, "reading.in_the_future"),
        ({"seen_at": datetime(2025, 12, 1, tzinfo=UTC)}, "reading.meter_not_there"),
    ],
)
async def test_an_answer_that_cannot_be_a_read_is_listed_with_its_code_and_asked_for_again(
    kit: Kit, more: dict[str, Any], code: str
) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    await kit.give(answered((await questions(kit))["OWN-1"], **more))
    assert await shown(kit) == ("refused", code, None)
    assert await ask(kit.clerk, item("OWN-2")) == ["done"]
    await kit.give(answered((await questions(kit))["OWN-2"]))
    assert (await shown(kit, "OWN-2"))[0] == "reported"


async def test_what_is_below_the_last_read_is_kept_told_and_asked_for_again(kit: Kit) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    await kit.give(answered((await questions(kit))["OWN-1"], "150.00"))
    assert await shown(kit) == ("reported", "reading.negative_usage", "M0001~20260301T113000Z~self")
    (found,) = await kit.items("findings", code="reading.negative_usage")
    assert found["entity_id"] == "M0001~20260301T113000Z~self"
    assert await ask(kit.clerk, item("OWN-2")) == ["done"]


async def test_a_meter_that_is_elsewhere_by_then_answers_for_no_other_customer(kit: Kit) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    gone = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    gone |= {"opening": {"import": "100.00"}, "removed_on": "2026-03-03", "closing": {"import": "290.00"}}
    assert [each["status"] for each in await kit.put("installations", [gone])] == ["done"]
    late = answered((await questions(kit))["OWN-1"], seen_at=datetime(2026, 3, 5, tzinfo=UTC))
    await kit.give(late)
    assert await shown(kit) == ("refused", "reading.meter_not_there", None)


async def test_silence_leaves_the_estimate(kit: Kit) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    asked = (await questions(kit))["OWN-1"]
    await kit.close("2026-03-02")
    await kit.give(silent(asked))
    await kit.give(silent(asked))
    assert await shown(kit) == ("unanswered", "silent", None)
    assert (await kit.energies())[1:] == [("2026-03-01", 1, "estimated", 90_320)]
    assert await ask(kit.clerk, item("OWN-2", asked_on="2026-03-08")) == ["done"]


@pytest.mark.parametrize("source", ["site", "remote"])
@pytest.mark.parametrize("day", ["2026-03-01", "2026-03-02"])
async def test_a_read_that_comes_before_the_answer_takes_the_question_back(kit: Kit, source: str, day: str) -> None:
    await nobody_home(kit, 2)
    await ask(kit.clerk, item(), item("OWN-2", "S0002"))
    await kit.push(read("M0001", day, "286.00", source, read_at=f"{day}T10:00:00+08:00"))
    await kit.push(read("M0002", "2026-02-20", "270.00", source), read("M0002", day, "285.00", "self"))
    assert await shown(kit) == ("withdrawn", "meter_was_read", None)
    asked = (await questions(kit))["OWN-1"]
    assert [(fact["question_id"], fact["reason"]) for fact in await kit.published(WITHDRAWN)] == [
        (asked["question_id"], "meter_was_read")
    ]
    assert (await shown(kit, "OWN-2"))[0] == "asked", "neither an earlier read nor the customer's own takes it back"
    await kit.give(answered(asked))  # given before it was withdrawn
    assert await shown(kit) == ("reported", None, "M0001~20260301T113000Z~self")


async def test_any_order_of_answer_read_and_closing_ends_in_the_same_books(kit: Kit) -> None:
    points = [f"S{n:04}" for n in range(1, 7)]
    await nobody_home(kit, len(points))
    await ask(kit.clerk, *(item(f"OWN-{n}", point) for n, point in enumerate(points)))
    asked = await questions(kit)
    late = dict(zip(points, permutations(("answer", "site", "again")), strict=True))
    for step in range(3):
        for n, (point, order) in enumerate(late.items()):
            if order[step] == "site":
                await kit.push(read(f"M{point[1:]}", "2026-03-01", "286.00", "site"))
            else:
                await kit.give(answered(asked[f"OWN-{n}"]))
        if step == 1:
            await kit.close("2026-03-02")
    standing = [(await kit.usages(point))[-1] for point in points]
    assert {(each["quality"], each["energy_wh"]["import"]) for each in standing} == {("actual", 86_000)}
    assert {(await shown(kit, f"OWN-{n}"))[0] for n in range(len(points))} == {"reported"}


async def test_what_cannot_be_asked_for_is_refused_by_itself(kit: Kit) -> None:
    await nobody_home(kit, 4)
    await kit.put("unread-reasons", [{"service_point_no": "S0002", "read_date": "2026-03-01", "reason": "weather"}])
    await kit.push_one("M0003", "2026-03-01", "280.00")
    assert await ask(
        kit.clerk,
        item("A1", "S9"),
        item("A2", "S0001", read_date="2026-03-02"),
        item("A3", "S0002"),
        item("A4", "S0003"),
        item("A5", "S0001", asked_on="2026-02-28"),
        item("A6", "S0001", asked_on="2026-11-20"),
        item("A7", "S0001"),
        item("A8", "S0001"),
        item("A9", "S0004"),
        item("A9", "S0004"),
    ) == [
        "reading.unknown_task",
        "reading.unknown_task",
        "reading.unread_not_by_customer",
        "reading.task_done",
        "reading.bad_own_read_day",
        "business_date.in_the_future",
        "done",
        "reading.own_read_asked_already",
        *["request.repeated_in_batch"] * 2,
    ]
    assert await ask(kit.clerk, item("A7", "S0001")) == ["already_done"]
    assert await ask(kit.clerk, item("A7", "S0004")) == ["conflicting_duplicate"]
    elsewhere = kit.client("reader-8", "reading:field", org_units=["zj/ningbo"])
    assert await ask(elsewhere, item("B1", "S0004")) == ["reading.unknown_task"]
    assert (await elsewhere.get("/v1/own-read-requests")).json()["items"] == []


async def test_an_answer_to_what_was_never_asked_is_found(kit: Kit) -> None:
    await nobody_home(kit)
    await ask(kit.clerk, item())
    asked = (await questions(kit))["OWN-1"]
    await kit.give(answered(asked | {"question_id": "q-of-nobody"}))
    (found,) = await kit.items("findings", code="reading.unknown_question")
    assert (found["entity_id"], (await shown(kit))[0]) == ("q-of-nobody", "asked")


async def test_the_number_of_statements_is_the_same_for_10_and_1000_own_reads(kit: Kit) -> None:
    ranges = [range(1, 11), range(11, 211), range(211, 411), range(411, 611), range(611, 811), range(811, 1001)]
    await nobody_home(kit, 1000)
    asking: list[int] = []
    for numbers in ranges:
        with Statements(kit) as counted:
            assert set(await ask(kit.clerk, *(item(f"A{n}", f"S{n:04}") for n in numbers))) == {"done"}
        asking.append(len(counted.texts))
    assert len(set(asking)) == 1
    asked = await questions(kit)
    taking = []
    for numbers in (range(1, 11), range(11, 1001)):
        with Statements(kit) as counted:
            await kit.give(*(answered(asked[f"A{n}"]) for n in numbers))
        taking.append(len(counted.texts))
    assert taking[0] == taking[1]
    states = {each["request_no"]: each["state"] for each in await kit.items("own-read-requests", limit="500")}
    assert set(states.values()) == {"reported"}


async def test_the_number_of_statements_is_the_same_for_10_and_1000_reads_that_take_questions_back(kit: Kit) -> None:
    await nobody_home(kit, 1000)
    for first in range(1, 1001, 200):
        await ask(kit.clerk, *(item(f"A{n}", f"S{n:04}") for n in range(first, first + 200)))
    counts = []
    for numbers in (range(1, 11), range(11, 1001)):
        with Statements(kit) as counted:
            await kit.push(*(read(f"M{n:04}", "2026-03-01", "286.00") for n in numbers))
        counts.append(len(counted.texts))
    assert counts[0] == counts[1]
    assert len(await kit.published(WITHDRAWN)) == 1000
