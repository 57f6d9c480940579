"""Instants of reads, and the days that they count for."""

import pytest

from tests.kits.reading import Kit, read


@pytest.mark.parametrize(
    ("read_at", "read_id"),
    [
        ("2026-01-31T24:00:00+08:00", "M0001~20260131T160000Z~remote"),
        ("2026-01-31 24:00+08:00", "M0001~20260131T160000Z~remote"),
        ("2026-01-31T16:00:00Z", "M0001~20260131T160000Z~remote"),
        ("2026-01-31T23:59:59+08:00", "M0001~20260131T155959Z~remote"),
        ("2026-01-31T23:59:00+08:00", "M0001~20260131T155900Z~remote"),
    ],
)
async def test_the_end_of_a_day_closes_the_period_that_ends_there(kit: Kit, read_at: str, read_id: str) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    outcome = await kit.push_one("M0001", "", "150.00", read_at=read_at)
    assert (outcome["status"], outcome["id"]) == ("accepted", read_id)
    assert await kit.energies() == [("2026-02-01", 1, "actual", 50_000)]
    body = {"unit": "kWh", "registers": {"import": "151.00"}, "reason": "misread"}
    assert (await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=body)).status_code == 200
    assert (await kit.energies())[-1] == ("2026-02-01", 2, "edited", 51_000)


@pytest.mark.parametrize(
    "read_at",
    [
        "2026-01-31T24:00:01+08:00",
        "2026-01-31T24:01:00+08:00",
        "2026-01-31T25:00:00+08:00",
        "2026-01-31T24:00:00",
        "9999-12-31T24:00:00Z",
    ],
)
async def test_no_other_time_of_the_hour_24_is_taken(kit: Kit, read_at: str) -> None:
    await kit.district()
    assert (await kit.push_one("M0001", "", "150.00", read_at=read_at))["code"] == "reading.bad_time"


async def test_24_00_and_00_00_of_the_next_day_are_one_read(kit: Kit) -> None:
    await kit.district()
    items = [
        read("M0001", "", "150.00", read_at=at) for at in ("2026-01-31T24:00:00+08:00", "2026-02-01T00:00:00+08:00")
    ]
    assert [outcome["status"] for outcome in await kit.push(*items)] == ["accepted", "already_accepted"]


async def test_a_read_just_before_midnight_that_was_there_before_its_task_closes_it(kit: Kit) -> None:
    await kit.district()
    await kit.push(
        read("M0001", "", "149.00", read_at="2026-01-31T23:58:59+08:00"),
        read("M0001", "", "150.00", read_at="2026-01-31T23:59:59+08:00"),
        read("M0001", "", "153.00", read_at="2026-02-01T09:00:00+08:00"),
    )
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 50_000)]


async def test_of_reads_of_one_rank_the_nearest_to_midnight_closes_the_period(kit: Kit) -> None:
    await kit.district()
    await kit.push(
        read("M0001", "", "150.00", read_at="2026-01-31T23:59:10+08:00"),
        read("M0001", "", "151.00", read_at="2026-02-01T00:00:20+08:00"),
        read("M0001", "", "152.00", read_at="2026-02-01T00:00:30+08:00"),
    )
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 51_000)]
