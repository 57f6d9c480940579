"""Registers that contradict each other: all reads about these days tell which of them agree."""

import pytest

from tests.kits.reading import ONE, UNIT, Kit, read

DAYS = range(2, 15)


async def exchange(kit: Kit, closing: str) -> None:
    old = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    old |= {"opening": {"import": "1030.00"}, "removed_on": "2026-01-15", "closing": {"import": closing}}
    new = {"service_point_no": "S0001", "meter_no": "B", "installed_on": "2026-01-15", "unit": "kWh"}
    await kit.put("meters", [{"meter_no": "B", "org_unit": UNIT, "registers": list(ONE)}])
    outcomes = await kit.put("installations", [old, new | {"opening": {"import": "3.00"}}])
    assert [outcome["status"] for outcome in outcomes] == ["done", "done"]


@pytest.mark.parametrize("known_before", [0, 5, 13])
async def test_a_mistyped_closing_holds_its_own_days_alone_until_it_is_repaired(kit: Kit, known_before: int) -> None:
    await kit.district(opening="1030.00")
    daily = [read("M0001", f"2026-01-{day:02}", f"{1030 + 7 * (day - 1)}.00") for day in DAYS]
    if known_before:
        await kit.push(*daily[:known_before])
    await exchange(kit, "113.00")
    await kit.plan("2026-02-01")
    if known_before < len(daily):
        await kit.push(*daily[known_before:])
    await kit.push_one("B", "2026-02-01", "103.00")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 91_000 + 100_000)]
    (usage,) = await kit.usages()
    assert usage["findings"] == ["reading.suspect_registers"]
    assert {(f["code"], f["entity_id"]) for f in await kit.items("findings")} == {
        ("reading.negative_usage", "M0001~2026-01-01~closing")
    }
    repair = {"unit": "kWh", "closing": {"import": "1130.00"}, "reason": "mistyped"}
    answer = await kit.clerk.post("/v1/installations/M0001/2026-01-01/correction", json=repair)
    assert answer.status_code == 200, answer.text
    assert (await kit.energies())[-1] == ("2026-02-01", 2, "actual", 100_000 + 100_000)


async def test_daily_reads_overrule_a_mistyped_opening(kit: Kit) -> None:
    await kit.district(opening="9030.00")
    await kit.plan("2026-02-01")
    await kit.push(*(read("M0001", f"2026-01-{day:02}", f"{1030 + 7 * (day - 1)}.00") for day in DAYS))
    await kit.push_one("M0001", "2026-02-01", "1247.00")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "1347.00")
    # the opening is suspect: January is known from the first read on
    assert await kit.energies() == [("2026-02-01", 1, "actual", 210_000), ("2026-03-01", 1, "actual", 100_000)]
    named = [(f["code"], f["entity_id"]) for f in await kit.items("findings") if f["code"] == "reading.contradicted"]
    assert named == [("reading.contradicted", "M0001~2026-01-01~opening")]
