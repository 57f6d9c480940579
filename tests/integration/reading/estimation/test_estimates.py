"""Estimates, and the reads that settle them."""

from tests.kits.reading import Kit, estimated_february, january


async def test_a_missing_read_is_estimated_by_previous_usage_and_told(kit: Kit) -> None:
    await estimated_february(kit)
    assert (await kit.energies())[1] == ("2026-03-01", 1, "estimated", 90_320)
    (told,) = await kit.published("reading.estimate_made.v1")
    assert (told["energy_wh"], told["reason"], told["estimates_in_a_row"]) == (90_320, "no_read", 1)
    usage = (await kit.usages())[1]
    assert (usage["estimate_reason"], usage["actors"]) == ("no_read", ["clerk", "system:estimate"])
    closed = (await kit.published("reading.route_closed.v1"))[1]
    assert {k: closed[k] for k in ("expected", "actual", "estimated", "missed", "usages", "sum_wh")} == {
        "expected": 1,
        "actual": 0,
        "estimated": 1,
        "missed": 0,
        "usages": 1,
        "sum_wh": 90_320,
    }
    assert "reading.missing_read" in {f["code"] for f in await kit.items("findings")}


async def test_the_next_actual_read_settles_an_estimate_by_itself(kit: Kit) -> None:
    await estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "380.00")
    assert await kit.energies() == [
        ("2026-02-01", 1, "actual", 100_000),
        ("2026-03-01", 1, "estimated", 90_320),
        ("2026-04-01", 1, "actual", 89_680),
    ]
    assert (await kit.usages())[2]["settles_estimate"] is True


async def test_an_estimate_above_the_next_actual_read_is_spread_by_days_and_superseded(kit: Kit) -> None:
    await estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "259.00")  # 59 kWh over 59 days
    assert await kit.energies() == [
        ("2026-02-01", 1, "actual", 100_000),
        ("2026-03-01", 1, "estimated", 90_320),
        ("2026-03-01", 2, "estimated", 28_000),
        ("2026-04-01", 1, "actual", 31_000),
    ]
    superseding = next(u for u in await kit.usages() if u["version"] == 2)
    assert superseding["replaces_reason"] == "estimate_settled"


async def test_several_estimates_are_aligned_together_when_the_meter_is_read_again(kit: Kit) -> None:
    await january(kit)
    for month in (3, 4):
        await kit.plan(f"2026-{month:02d}-01")
        await kit.close(f"2026-{month:02d}-02")
    await kit.plan("2026-05-01")
    await kit.push_one("M0001", "2026-05-01", "289.00")  # 89 kWh over 89 days
    latest = {u["period_to"]: u["energy_wh"]["import"] for u in await kit.usages()}
    assert latest == {"2026-02-01": 100_000, "2026-03-01": 28_000, "2026-04-01": 31_000, "2026-05-01": 30_000}


async def test_estimates_in_a_row_have_a_limit(kit: Kit) -> None:
    await january(kit)
    for month in range(3, 10):
        await kit.plan(f"2026-{month:02d}-01")
        await kit.close(f"2026-{month:02d}-02")
    qualities = [u["quality"] for u in await kit.usages()]
    assert qualities == ["actual"] + ["estimated"] * 6
    assert (await kit.published("reading.route_closed.v1"))[-1]["missed"] == 1
