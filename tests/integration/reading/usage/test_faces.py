"""Faces that turn, that run where they cannot, that count down, and registers of demand."""

from typing import Any

import pytest

from tests.kits.reading import UNIT, Kit
from tests.kits.usages import correct, correct_read, found, in_force, install, month, periods, removed, second_meter


def face(digits: int, scale: int, **more: Any) -> dict[str, Any]:
    return {"quantity": "import", "digits": digits, "scale": scale} | more


@pytest.mark.parametrize(("opening", "shown"), [("1000.0", "990.0"), ("1300.0", "1299.0")])
async def test_a_face_that_fell_a_little_has_not_turned(kit: Kit, opening: str, shown: str) -> None:
    await kit.district(registers=[face(5, 1)], opening=opening)
    read_id = await month(kit, "2026-02-01", shown, close=False)
    assert await periods(kit) == []
    assert [(t["status"], t["usage_id"]) for t in await kit.items("tasks")] == [("suspect", None)]
    listed = [(f["code"], f["entity_id"]) for f in await kit.items("findings")]
    assert listed == [("reading.negative_usage", read_id)]
    await kit.close("2026-02-02")
    assert await periods(kit) == [], "there is nothing to estimate by"


async def test_a_person_may_state_that_it_has(kit: Kit) -> None:
    await kit.district(registers=[face(5, 1)], opening="1000.0")
    read_id = await month(kit, "2026-02-01", "990.0")
    await correct_read(kit, read_id, "990.0", turns={"import": 1})
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "edited", 9_990_000)]
    assert "reading.rolled_over" in await found(kit)


async def test_a_face_whose_way_forward_is_the_shorter_one_has_turned_and_is_found(kit: Kit) -> None:
    await kit.district(registers=[face(5, 1)], opening="9990.0")
    read_id = await month(kit, "2026-02-01", "10.0")
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 20_000)]
    listed = [(f["code"], f["entity_id"]) for f in await kit.items("findings")]
    assert listed == [("reading.rolled_over", read_id)]
    (usage,) = await in_force(kit)
    assert (usage["registers"][0]["from"], usage["registers"][0]["to"]) == ("9990.0", "10.0")
    assert usage["registers"][0]["turns"] == 1


async def test_a_shorter_way_forward_that_is_not_possible_is_no_turn(kit: Kit) -> None:
    await kit.district(registers=[face(7, 1)], opening="600000.0")
    await month(kit, "2026-02-01", "10000.0")  # 410,000 kWh forward, 590,000 back; 49,600 are possible in 31 days
    assert await periods(kit) == []
    assert "reading.negative_usage" in await found(kit)


async def test_a_step_above_what_is_possible_is_suspect(kit: Kit) -> None:
    await kit.district(registers=[face(6, 0)], opening="100")
    await month(kit, "2026-02-01", "49701")
    assert await periods(kit) == []
    assert "reading.impossible_usage" in await found(kit)
    await month(kit, "2026-03-01", "200")
    (usage,) = await in_force(kit)
    assert (usage["period_from"], usage["energy_wh"], usage["months"]) == ("2026-01-01", {"import": 100_000}, 2)
    assert "reading.suspect_registers" in usage["findings"]


async def test_what_is_just_possible_is_not(kit: Kit) -> None:
    await kit.district(registers=[face(6, 0)], opening="100")
    await month(kit, "2026-02-01", "49700")  # 1,600 kWh on each of 31 days
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 49_600_000)]


async def test_an_estimate_over_the_turn_of_a_face_that_is_then_taken_off_keeps_what_both_meters_ran(kit: Kit) -> None:
    await kit.district(registers=[face(5, 0)], opening="99850")
    await month(kit, "2026-02-01", "99950")
    await month(kit, "2026-03-01")
    assert (await periods(kit))[1] == ("2026-02-01", "2026-03-01", "estimated", 90_000)
    await removed(kit, "2026-03-10", "00020", opening={"import": "99850"})
    await second_meter(kit, "2026-03-10", "0", face(5, 0))
    await month(kit, "2026-04-01", "30", "M2")
    february, march = (await periods(kit))[1:]
    assert february[3] + march[3] == 70_000 + 30_000
    assert (february[2:], march[2:]) == (("estimated", 52_000), ("actual", 48_000))  # 28 of 37 days' 70 kWh
    assert "reading.rolled_over" in await found(kit)


async def test_a_register_that_counts_down_runs_by_what_it_shows_less_and_turns_at_zero(kit: Kit) -> None:
    await kit.district(registers=[face(5, 0, direction="down")], opening="60")
    await month(kit, "2026-02-01", "10")
    await month(kit, "2026-03-01", "99990")
    await month(kit, "2026-04-01")
    assert await periods(kit) == [
        ("2026-01-01", "2026-02-01", "actual", 50_000),
        ("2026-02-01", "2026-03-01", "actual", 20_000),
        ("2026-03-01", "2026-04-01", "estimated", 22_000),  # 31 days of 20 kWh in 28, in whole counts
    ]
    assert (await in_force(kit))[2]["registers"][0]["to"] == "99968"
    await month(kit, "2026-05-01", "99995")
    assert "reading.negative_usage" in await found(kit), "up is backwards"


async def test_the_demand_of_a_period_is_the_highest_that_was_read_in_it_and_is_never_estimated(kit: Kit) -> None:
    demand = {"quantity": "demand", "digits": 6, "scale": 2, "kind": "demand"}
    await kit.district(registers=[face(8, 2), demand], opening="0.00")
    await kit.push_one("M0001", "2026-01-20", {"import": "70.00", "demand": "12.50"}, "site")
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", {"import": "100.00", "demand": "8.00"})  # it was reset on the 20th
    await kit.close("2026-02-02")
    await month(kit, "2026-03-01")
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", {"import": "300.00", "demand": "9.00"})
    assert [(u["period_to"], u["energy_wh"], u["demand_w"]) for u in await in_force(kit)] == [
        ("2026-02-01", {"import": 100_000}, {"demand": 12_500}),
        ("2026-03-01", {"import": 90_320}, {}),
        ("2026-04-01", {"import": 109_680}, {"demand": 9_000}),
    ]


async def test_the_demand_at_which_a_meter_was_taken_off_counts_and_that_of_suspect_registers_does_not(
    kit: Kit,
) -> None:
    both = face(8, 2), face(6, 2, quantity="demand", kind="demand")
    await kit.district(registers=both, opening="100.00")
    await kit.push_one("M0001", "2026-01-10", {"import": "20.00", "demand": "99.00"}, "self")  # it ran backwards
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", {"import": "200.00", "demand": "8.00"})
    taken_off = {
        "opening": {"import": "100.00", "demand": "100.00"},
        "closing": {"import": "130.00", "demand": "77.00"},
    }
    await install(kit, taken_off | {"removed_on": "2026-02-10"})
    await kit.put("meters", [{"meter_no": "M2", "org_unit": UNIT, "registers": list(both)}])
    new = {"meter_no": "M2", "installed_on": "2026-02-10", "opening": {"import": "0.00", "demand": "0.00"}}
    await install(kit, new)
    await kit.plan("2026-03-01")
    await kit.push_one("M2", "2026-03-01", {"import": "50.00", "demand": "7.00"})
    assert [u["demand_w"] for u in await in_force(kit)] == [{"demand": 8_000}, {"demand": 7_000}]
    await correct(kit, closing={"import": "230.00", "demand": "11.00"})
    assert [(u["energy_wh"]["import"], u["demand_w"]) for u in await in_force(kit)] == [
        (100_000, {"demand": 8_000}),
        (80_000, {"demand": 11_000}),
    ]
