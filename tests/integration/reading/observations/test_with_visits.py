"""What is observed comes with field entries and reports of site orders too: told at once, once, whatever becomes of these."""

import asyncio
import random
from typing import Any

import pytest

from tests.integration.reading.field.test_entries import (
    AT,
    batch,
    batches,
    became,
    enter,
    reader,
    release,
    seen,
    take_back,
)
from tests.kits import orders
from tests.kits.effort import seeds
from tests.kits.orders import ask, order, report, shown, visitor
from tests.kits.reading import UNIT, Kit, Statements, january

FACT = "reading.observation_recorded.v1"


def observed(number: str = "n-1", **more: Any) -> dict[str, Any]:
    return {"observation_no": number, "kind": "danger", "severity": "high", "evidence": "IMG-1"} | more


async def told(kit: Kit) -> list[tuple[str, str, str, str, str | None]]:
    facts = await kit.published(FACT)
    names = "observed_by", "service_point_no", "kind", "severity", "order_no"
    return sorted(tuple(fact[name] for name in names) for fact in facts)  # type: ignore[misc]


@pytest.mark.parametrize("value", ["290.00", None])
async def test_what_comes_with_an_entry_is_told_before_its_release_and_once(kit: Kit, value: str | None) -> None:
    await january(kit)
    entry = seen(1, value, observations=[observed(), observed("n-2", kind="vacancy", severity="low")])
    assert await enter(reader(kit), entry) == ["accepted"]
    both = [("reader-7", "S0001", "danger", "high", None), ("reader-7", "S0001", "vacancy", "low", None)]
    assert await told(kit) == both
    rows = await kit.items("observations")
    assert {row["seen_at"] for row in rows} == {"2026-03-01T01:30:00Z"}
    assert {(row["org_unit"], row["evidence"]) for row in rows} == {(UNIT, "IMG-1")}
    assert (await kit.counts())["read"] == 1, "the registers wait for another person"

    shown_ = await batch(kit)
    (looked,) = shown_["entries"]
    assert looked["observations"] == entry["observations"]
    assert await enter(reader(kit), entry) == ["already_accepted"]
    await release(kit, shown_)
    assert await enter(reader(kit), entry) == ["already_accepted"]
    assert await told(kit) == both


async def test_what_was_observed_stays_when_its_entry_is_taken_back_or_refused(kit: Kit) -> None:
    await january(kit, 2)
    await enter(reader(kit), *(seen(n, observations=[observed(f"n-{n}")]) for n in (1, 2)))
    assert await take_back(reader(kit), "e-1") == ["done"]
    assert became(await release(kit, await batch(kit), refused={"e-2": "doubtful"})) == [("e-2", "refused", "doubtful")]
    assert len(await kit.items("observations")) == len(await told(kit)) == 2


async def test_an_entry_with_other_observations_is_another_one(kit: Kit) -> None:
    await january(kit)
    assert await enter(reader(kit), seen(1, observations=[observed()])) == ["accepted"]
    assert await enter(reader(kit), seen(1)) == ["conflicting_duplicate"]
    assert await enter(reader(kit), seen(1, observations=[observed("n-2")])) == ["conflicting_duplicate"]
    assert len(await told(kit)) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (observed(kind="ghost"), "reading.malformed_item"),
        (observed(evidence="Mr Wang at the door"), "reading.malformed_item"),
        (observed(remark="Mr Wang"), "reading.malformed_item"),
        ({"observation_no": "n-1"}, "reading.malformed_item"),
        (observed("n-0", severity="low"), "reading.other_observation"),
        (observed("n-2", severity="low"), "reading.other_observation"),
    ],
    ids=str,
)
async def test_an_entry_with_an_observation_that_is_none_is_refused_by_itself(
    kit: Kit, wrong: dict[str, Any], code: str
) -> None:
    await january(kit, 2)
    before = {"service_point_no": "S0001", "seen_at": AT} | observed("n-0")
    answer = await visitor(kit).post("/v1/observations", json={"items": [before]})
    assert answer.json()["outcomes"][0]["status"] == "accepted"

    entry = seen(1, observations=[observed("n-2"), wrong])
    assert await enter(reader(kit), entry, seen(2, observations=[observed("n-3")])) == [code, "accepted"]
    assert [(each["waiting"], each["number"]) for each in await batches(kit)] == [(1, 1)]
    assert [row["observation_no"] for row in await kit.items("observations")] == ["n-0", "n-3"]
    assert await enter(reader(kit), seen(1, observations=[observed("n-2")])) == ["accepted"]
    assert len(await told(kit)) == 3


async def test_a_refused_entry_with_observations_begins_no_batch(kit: Kit) -> None:
    await january(kit)
    twice = [observed(), observed(severity="low")]
    assert await enter(reader(kit), seen(1, observations=twice)) == ["reading.other_observation"]
    assert (await batches(kit), await told(kit)) == ([], [])


async def test_what_was_posted_by_itself_and_comes_with_an_entry_is_told_once(kit: Kit) -> None:
    await january(kit)
    alone = {"service_point_no": "S0001", "seen_at": AT} | observed()
    for _ in range(2):
        answer = await visitor(kit).post("/v1/observations", json={"items": [alone]})
        assert answer.json()["outcomes"][0]["status"] in ("accepted", "already_accepted")
        assert await enter(reader(kit), seen(1, observations=[observed()])) in (["accepted"], ["already_accepted"])
    assert len(await told(kit)) == 1


@pytest.mark.parametrize("seed", seeds(3, 4, 5))
async def test_two_posts_of_a_phone_in_any_order_end_in_the_same_observations(kit: Kit, seed: int) -> None:
    """They come at one moment, overlap, and each is sent again."""
    await january(kit, 6)
    draw = random.Random(seed)
    phone = [seen(n, draw.choice(["290.00", None]), observations=[observed(f"n-{n}")]) for n in range(1, 7)]
    posts = [draw.sample(phone, 4), draw.sample(phone, 4), draw.sample(phone, 6)] * 2
    await asyncio.gather(*(enter(reader(kit), *post) for post in posts))
    assert await told(kit) == [("reader-7", f"S000{n}", "danger", "high", None) for n in range(1, 7)]
    assert len(await kit.items("observations")) == 6
    assert [each["waiting"] for each in await batches(kit)] == [6]


async def test_what_comes_with_a_report_is_told_at_once_and_stays_when_that_is_turned_back(kit: Kit) -> None:
    await january(kit)
    await ask(kit.clerk, order(kind="final_read"))
    said = report(result="read", observations=[observed()]) | orders.registers("215.00")
    for _ in range(2):
        assert await orders.tell(visitor(kit), said) == ["awaiting_approval"]
    assert await told(kit) == [("reader-7", "S0001", "danger", "high", "O1")]
    (row,) = await kit.items("observations", order_no="O1")
    assert (row["seen_at"], row["observed_by"]) == ("2026-02-05T02:20:00Z", "reader-7")
    assert await orders.decide(kit.clerk, {"order_no": "O1", "version": 2, "turned_back": "misread"}) == ["done"]
    again = said | orders.registers("251.00") | {"observations": [observed(), observed("n-2", kind="damage")]}
    assert await orders.tell(visitor(kit), again | {"visited_at": "2026-02-06T10:20:00+08:00"}) == [
        "reading.other_observation"  # it was seen at the first visit
    ]
    assert await orders.tell(visitor(kit), again) == ["awaiting_approval"]
    assert [each[2] for each in await told(kit)] == ["damage", "danger"]


async def test_a_visit_that_found_nobody_brings_observations_too(kit: Kit) -> None:
    await kit.district()
    await ask(kit.clerk, order())
    said = report(result=None, not_done="no_access", observations=[observed(kind="vacancy", severity="low")])
    assert await orders.tell(visitor(kit), said) == ["done"]
    assert await told(kit) == [("reader-7", "S0001", "vacancy", "low", "O1")]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"observations": [observed(kind="ghost")]}, "reading.malformed_item"),
        ({"observations": [observed(), observed(severity="low")]}, "reading.other_observation"),
        ({"observations": [observed()], "order_no": "O9"}, "reading.unknown_order"),
        ({"observations": [observed()], "result": "as_read"}, "reading.unknown_result"),
        ({"observations": [observed()], "visited_at": "2026-12-05T10:20:00+08:00"}, "reading.in_the_future"),
        ({"observations": [observed()], "visited_by": "reader-8"}, "reading.visit_of_another"),
    ],
    ids=str,
)
async def test_a_report_and_its_observations_are_refused_together(kit: Kit, said: dict[str, Any], code: str) -> None:
    await kit.district(2)
    await ask(kit.clerk, order(), order("O2", service_point_no="S0002"))
    before = await shown(kit)
    good = report("O2", observations=[observed("n-9")])
    assert await orders.tell(visitor(kit), report(**said), good) == [code, "done"]
    assert await shown(kit) == before
    assert await told(kit) == [("reader-7", "S0002", "danger", "high", "O2")]


async def test_nobody_observes_in_the_name_of_a_visitor_but_who_enters_visits(kit: Kit) -> None:
    await kit.district()
    await ask(kit.clerk, order())
    said = report(visited_by="reader-7")
    assert await orders.tell(visitor(kit), said) == ["done"]
    more = said | {"observations": [observed()]}
    assert await orders.tell(visitor(kit, "reader-8"), more) == ["reading.visit_of_another"]
    elsewhere = kit.client("x", "reading:upload", org_units=["zj/ningbo"])
    assert await orders.tell(elsewhere, more) == ["reading.unknown_order"]
    assert await told(kit) == []
    assert await orders.tell(kit.clerk, more) == ["already_done"]
    assert await told(kit) == [("reader-7", "S0001", "danger", "high", "O1")]


async def test_the_number_of_statements_is_the_same_for_10_and_1000_entries_and_reports(kit: Kit) -> None:
    await january(kit, 1000)
    counts = []
    for many in (10, 1000):
        numbers = range(1, many + 1)
        entries = [seen(n, observations=[observed(f"e-{n}")]) for n in numbers]
        with Statements(kit) as entering:
            assert set(await enter(reader(kit, f"reader-{many}"), *entries)) == {"accepted"}
        await ask(kit.clerk, *(order(f"O{many}-{n}", service_point_no=f"S{n:04}") for n in numbers))
        reports = [report(f"O{many}-{n}", observations=[observed(f"r-{many}-{n}")]) for n in numbers]
        with Statements(kit) as reporting:
            assert set(await orders.tell(visitor(kit), *reports)) == {"done"}
        counts.append((len(entering.texts), len(reporting.texts)))
    assert counts[0] == counts[1]
