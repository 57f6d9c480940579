"""What validation finds travels with the usage, or stops it."""

from tests.kits.reading import Kit, read


async def test_a_drop_that_no_rollover_explains_is_a_finding_and_its_task_is_estimated_or_missed(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    outcome = await kit.push_one("M0001", "2026-02-01", "90.00")
    assert (outcome["status"], outcome["code"]) == ("accepted", "reading.negative_usage")
    assert await kit.usages() == []
    (finding,) = await kit.items("findings")
    assert (finding["code"], finding["entity_id"]) == ("reading.negative_usage", outcome["id"])
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["missed"], closed["usages"]) == (1, 1, 0)


async def test_high_and_low_usages_are_told_with_their_findings(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    await kit.push(read("M0001", "2026-02-01", "410.00"), read("M0002", "2026-02-01", "410.00"))
    await kit.plan("2026-03-01")
    await kit.push(read("M0001", "2026-03-01", "830.00"), read("M0002", "2026-03-01", "550.00"))
    assert (await kit.usages("S0001"))[1]["findings"] == ["reading.high_usage"]
    assert (await kit.usages("S0002"))[1]["findings"] == ["reading.low_usage"]
    assert {f["code"] for f in await kit.items("findings")} == {"reading.high_usage", "reading.low_usage"}
