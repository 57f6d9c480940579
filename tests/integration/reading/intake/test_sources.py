"""Sources of reads that come in."""

import pytest

from tests.kits.reading import Kit, midnight, read


async def test_an_estimated_read_is_taken_beside_a_better_one_of_the_same_instant_and_ranks_below_it(kit: Kit) -> None:
    await kit.district()
    given = [
        read("M0001", "2026-02-01", value, source) for value, source in (("140.00", "estimated"), ("150.00", "self"))
    ]
    assert [each["status"] for each in await kit.push(*given)] == ["accepted", "accepted"]
    assert [each["status"] for each in await kit.push(*given)] == ["already_accepted", "already_accepted"]
    other = await kit.push_one("M0001", "2026-02-01", "141.00", "estimated")
    assert other["status"] == "conflicting_duplicate"
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 50_000)]


async def test_a_better_read_replaces_an_estimated_one_that_closed_the_period(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    body = f"meter_no,read_at,source,import\nM0001,{midnight('2026-02-01')},estimated,140.00\n"
    headers = {"Content-Type": "text/csv"}
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content=body.encode(), headers=headers)
    assert answer.json()["outcomes"][0]["status"] == "accepted"
    await kit.push_one("M0001", "2026-02-01", "150.00", "self")
    assert [(to, energy) for to, _, _, energy in await kit.energies()][-1] == ("2026-02-01", 50_000)


@pytest.mark.parametrize("source", ["estimated", "site", "self", "edited"])
async def test_a_device_brings_reads_of_no_source_but_remote(kit: Kit, source: str) -> None:
    await kit.district()
    await kit.device("headend-1")
    answer = await kit.push_as_device("headend-1", read("M0001", "2026-02-01", "150.00", source))
    assert answer.json()["outcomes"][0]["code"] == "reading.unknown_source"
