"""Late and better reads after the usage went out."""

import asyncio

from tests.kits.reading import Kit, estimated_february, january, read


async def test_a_late_read_of_the_read_date_supersedes_the_estimate(kit: Kit) -> None:
    await estimated_february(kit)
    await kit.push_one("M0001", "2026-03-01", "250.00")
    assert (await kit.energies())[1:] == [
        ("2026-03-01", 1, "estimated", 90_320),
        ("2026-03-01", 2, "actual", 50_000),
    ]
    assert (await kit.usages())[2]["replaces_reason"] == "late_read"


async def test_a_late_read_after_the_next_period_was_measured_changes_both_and_keeps_their_sum(kit: Kit) -> None:
    await estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "380.00")
    await kit.push_one("M0001", "2026-03-01", "250.00")
    assert (await kit.energies())[2:] == [
        ("2026-03-01", 2, "actual", 50_000),
        ("2026-04-01", 1, "actual", 89_680),
        ("2026-04-01", 2, "actual", 130_000),
    ]


async def test_a_worse_read_never_replaces_a_better_one_and_a_better_one_supersedes(kit: Kit) -> None:
    await january(kit)
    await kit.push_one("M0001", "2026-02-01", "199.00", "self")
    assert len(await kit.usages()) == 1
    await kit.push_one("M0001", "2026-02-01", "201.00", "site", reader="r-1")
    assert (await kit.energies())[1] == ("2026-02-01", 2, "actual", 101_000)
    assert (await kit.usages())[1]["replaces_reason"] == "better_read"
    await kit.push_one("M0001", "2026-02-01", "205.00", read_at="2026-02-01T10:00:00+08:00")
    assert len(await kit.usages()) == 2


async def test_reads_of_two_sources_at_once_make_one_version_each_in_order(kit: Kit) -> None:
    await kit.district(20)
    await kit.plan("2026-02-01")
    remote = [read(f"M{i:04d}", "2026-02-01", "150.00") for i in range(1, 21)]
    site = [read(f"M{i:04d}", "2026-02-01", "151.00", "site") for i in range(1, 21)]
    await asyncio.gather(kit.push(*remote), kit.push(*site))
    for i in range(1, 21):
        versions = await kit.energies(f"S{i:04d}")
        assert versions[-1][3] == 51_000
        assert [version[1] for version in versions] == list(range(1, len(versions) + 1))
