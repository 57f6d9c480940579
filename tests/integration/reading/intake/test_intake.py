"""Reads come once, whoever sends them how often, at a constant number of statements."""

import asyncio

import pytest

from tests.kits.reading import THREE, Kit, Statements, read


async def test_the_same_read_again_is_already_accepted_and_other_content_is_a_conflict(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    first = read("M0001", "2026-02-01", "150.00")
    other = read("M0001", "2026-02-01", "151.00")
    outcomes = await kit.push(first, first, other)
    assert [o["status"] for o in outcomes] == ["accepted", "already_accepted", "conflicting_duplicate"]
    before = await kit.counts()
    assert [o["status"] for o in await kit.push(first)] == ["already_accepted"]
    assert await kit.counts() == before
    assert [o["status"] for o in await kit.push(other)] == ["conflicting_duplicate"]
    assert await kit.energies() == [("2026-02-01", 1, "actual", 50_000)]
    assert [f["code"] for f in await kit.items("findings")] == ["reading.conflicting_duplicate"]
    shown = (await kit.clerk.get("/v1/reads/M0001~20260131T160000Z~remote")).json()
    assert shown["registers"] == {"import": "150.00"}


@pytest.mark.parametrize("closing", [False, True], ids=["daily", "closing"])
async def test_the_number_of_statements_is_the_same_for_10_and_1000_reads(kit: Kit, closing: bool) -> None:
    await kit.district(1000, THREE)
    texts = []
    # 1 kWh a day: no findings; the first month has no usage before it to load
    for month, count, value in ((2, 1000, "131.00"), (3, 1000, "159.00"), (4, 10, "190.00")):
        day = f"2026-{month:02d}-01"
        if closing:
            await kit.plan(day)
        items = [read(f"M{i:04d}", day, {r["quantity"]: value for r in THREE}) for i in range(1, count + 1)]
        with Statements(kit) as statements:
            outcomes = await kit.push(*items)
        assert {outcome["status"] for outcome in outcomes} == {"accepted"}
        texts.append([text.split("(")[0][:40] for text in statements.texts])
    assert len(texts[1]) == len(texts[2]), texts
    assert len([text for text in texts[1] if "SAVEPOINT" not in text]) <= (12 if closing else 4)


async def test_two_posts_of_the_same_reads_at_once_are_one_accepted_and_one_already_accepted(kit: Kit) -> None:
    await kit.district(50)
    await kit.plan("2026-02-01")
    items = [read(f"M{i:04d}", "2026-02-01", "150.00") for i in range(1, 51)]
    answers = await asyncio.gather(kit.push(*items), kit.push(*reversed(items)), kit.push(*items[10:40]))
    by_read: dict[str, list[str]] = {}
    for outcomes in answers:
        for outcome in outcomes:
            by_read.setdefault(outcome["id"], []).append(outcome["status"])
    assert all(statuses.count("accepted") == 1 for statuses in by_read.values())
    assert {status for statuses in by_read.values() for status in statuses} == {"accepted", "already_accepted"}
    assert len(await kit.published("reading.usage_measured.v1")) == 50


async def test_a_read_without_a_task_on_its_date_is_stored_and_closes_nothing(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    assert (await kit.push_one("M0001", "2026-01-15", "200.00"))["status"] == "accepted"
    assert await kit.usages() == []


async def test_a_read_that_was_there_before_its_task_closes_it_when_the_cycle_is_planned(kit: Kit) -> None:
    await kit.district()
    await kit.push(read("M0001", "2026-02-01", "150.00"), read("M0001", "2026-02-01", "151.00", "site", reader="r-1"))
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 51_000)]
    (usage,) = await kit.usages()
    assert usage["actors"] == ["r-1", "clerk"]


async def test_a_read_of_the_day_on_which_a_meter_is_moved_closes_the_period_of_the_point_that_it_leaves(
    kit: Kit,
) -> None:
    await kit.district(2)
    on_1 = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    off_2 = {"service_point_no": "S0002", "meter_no": "M0002", "installed_on": "2026-01-01", "unit": "kWh"}
    on_2 = {"service_point_no": "S0002", "meter_no": "M0001", "installed_on": "2026-02-01", "unit": "kWh"}
    opening, closing = {"opening": {"import": "100.00"}}, {"removed_on": "2026-02-01", "closing": {"import": "150.00"}}
    moved = [on_1 | opening | closing, off_2 | opening | closing, on_2 | {"opening": {"import": "150.00"}}]
    assert [each["status"] for each in await kit.put("installations", moved)] == ["done"] * 3
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert await kit.energies("S0001") == [("2026-02-01", 1, "actual", 50_000)]
    assert await kit.energies("S0002") == []
