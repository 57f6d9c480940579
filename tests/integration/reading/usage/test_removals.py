"""Meters that go, come, come back, and were entered wrongly."""

import pytest

from tests.kits.reading import Kit
from tests.kits.usages import correct, found, in_force, install, month, periods, removed, second_meter, sign

JANUARY = ("2026-01-01", "2026-02-01", "actual", 100_000)


async def _january(kit: Kit) -> None:
    """1000.00 to 1100.00."""
    await kit.district(opening="1000.00")
    await month(kit, "2026-02-01", "1100.00")


async def test_closing_registers_end_the_last_period_where_nothing_follows_and_the_contract_ends(kit: Kit) -> None:
    await _january(kit)
    await sign(kit, "A", "2026-01-01", "2026-02-15")
    await removed(kit, "2026-02-15", "1160.00", opening={"import": "1000.00"})
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-02-15", "actual", 60_000)]
    await month(kit, "2026-03-01")
    assert len(await periods(kit)) == 2, "nothing runs where no meter is"


async def test_closing_registers_end_the_last_period_at_the_next_planned_date_where_no_contract_ends(kit: Kit) -> None:
    await _january(kit)
    await removed(kit, "2026-02-15", "1160.00", opening={"import": "1000.00"})
    await month(kit, "2026-03-01")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 60_000)]
    (closed,) = (await kit.published("reading.route_closed.v1"))[1:]
    assert (closed["missed"], closed["estimated"], closed["sum_wh"]) == (0, 0, 60_000)
    await month(kit, "2026-04-01")
    assert len(await periods(kit)) == 2


async def test_a_meter_moved_on_the_read_day_leaves_its_old_point_read(kit: Kit) -> None:
    await kit.district(2)
    await month(kit, "2026-02-01", "200.00")
    moved = {"opening": {"import": "100.00"}, "removed_on": "2026-03-01", "closing": {"import": "250.00"}}
    other = {"service_point_no": "S0002", "meter_no": "M0002"}
    there = {"service_point_no": "S0002", "installed_on": "2026-03-01", "opening": {"import": "250.00"}}
    await install(kit, moved, moved | other | {"closing": {"import": "101.00"}}, there)
    await month(kit, "2026-03-01")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 50_000)]
    await month(kit, "2026-04-01", "280.00")
    assert (await periods(kit, "S0002"))[-1] == ("2026-03-01", "2026-04-01", "actual", 30_000)


async def test_on_the_day_of_an_exchange_a_read_is_of_the_meter_that_goes_and_the_new_one_has_its_opening(
    kit: Kit,
) -> None:
    await _january(kit)
    await removed(kit, "2026-03-01", "1150.00", opening={"import": "1000.00"})
    await second_meter(kit, "2026-03-01", "5.00")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "1151.00", "site")
    await kit.push_one("M2", "2026-03-01", "5.10", "remote")
    await kit.close("2026-03-02")
    await month(kit, "2026-04-01", "45.00", "M2")
    assert await periods(kit) == [
        JANUARY,
        ("2026-02-01", "2026-03-01", "actual", 50_000),
        ("2026-03-01", "2026-04-01", "actual", 40_000),
    ]


@pytest.mark.parametrize("typed", ["113.00", "11300.00"])
async def test_a_mistyped_closing_holds_its_own_period_alone_and_its_correction_makes_all_right(
    kit: Kit, typed: str
) -> None:
    await _january(kit)
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R1", "connection_kw": 20}])
    await removed(kit, "2026-02-10", typed, opening={"import": "1000.00"})
    await second_meter(kit, "2026-02-10", "0.00")
    await month(kit, "2026-03-01", "60.00", "M2")
    await month(kit, "2026-04-01", "150.00", "M2")
    held, after = (await in_force(kit))[1:]
    assert (held["period_to"], held["energy_wh"]["import"]) == ("2026-03-01", 60_000), "to its last known register"
    assert "reading.suspect_registers" in held["findings"]
    assert (after["energy_wh"]["import"], after["findings"]) == (90_000, [])
    suspect = "reading.negative_usage" if typed == "113.00" else "reading.impossible_usage"
    listed = [f for f in await kit.items("findings") if f["code"] == suspect]
    assert {f["entity_id"] for f in listed} == {"M0001~2026-01-01~closing"}
    assert (await correct(kit, closing={"import": "1130.00"}))["status"] == "done"
    assert await periods(kit) == [
        JANUARY,
        ("2026-02-01", "2026-03-01", "actual", 90_000),
        ("2026-03-01", "2026-04-01", "actual", 90_000),
    ]
    repaired, after = (await in_force(kit))[1:]
    assert ("reading.suspect_registers" in repaired["findings"], after["version"]) == (False, 1)


async def test_a_mistyped_closing_that_is_possible_where_no_connection_is_known_is_found_high_and_corrected(
    kit: Kit,
) -> None:
    await _january(kit)
    await removed(kit, "2026-02-10", "11300.00", opening={"import": "1000.00"})
    await second_meter(kit, "2026-02-10", "0.00")
    await month(kit, "2026-03-01", "60.00", "M2")
    (high,) = (await in_force(kit))[1:]
    assert (high["energy_wh"]["import"], high["findings"]) == (10_200_000 + 60_000, ["reading.high_usage"])
    again = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    again |= {"opening": {"import": "1000.00"}, "removed_on": "2026-02-10", "closing": {"import": "1130.00"}}
    assert (await kit.put("installations", [again]))[0]["code"] == "reading.installation_fixed", "it wants a reason"
    await correct(kit, closing={"import": "1130.00"})
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 90_000)]


async def test_a_mistyped_closing_where_nothing_follows_ends_the_contract_flagged_until_it_is_repaired(
    kit: Kit,
) -> None:
    await sign(kit, "A", "2026-01-01", "2026-02-10")
    await _january(kit)
    await removed(kit, "2026-02-10", "113.00", opening={"import": "1000.00"})
    (final,) = (await in_force(kit))[1:]
    assert (final["period_to"], final["energy_wh"]["import"]) == ("2026-02-10", 0), "to the last known register"
    assert final["findings"] == ["reading.suspect_registers"]
    await correct(kit, closing={"import": "1130.00"})
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-02-10", "actual", 30_000)]


async def test_the_same_meter_back_on_the_same_day_is_a_new_installation(kit: Kit) -> None:
    await _january(kit)
    await removed(kit, "2026-02-10", "1130.00", opening={"import": "1000.00"})
    await install(kit, {"installed_on": "2026-02-10", "opening": {"import": "0.00"}})
    await month(kit, "2026-03-01", "60.00")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 90_000)]


async def test_a_removal_dated_before_a_told_read_ends_the_energy_there_and_the_read_waits(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    read_id = await month(kit, "2026-03-01", "290.00")
    await removed(kit, "2026-02-15", "245.00")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 45_000)]
    assert [waiting["read_id"] for waiting in await kit.items("waiting-reads")] == [read_id]
    await correct(kit, removed_on=None)
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 90_000)]


async def test_a_removal_told_late_between_reads_is_counted_with_what_the_new_meter_ran(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    await month(kit, "2026-03-01", "20.00", "M2")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "estimated", 90_320)]
    await removed(kit, "2026-02-15", "245.00")
    await second_meter(kit, "2026-02-15", "5.00")
    await kit.push_one("M2", "2026-03-01", "20.00")
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "actual", 60_000)]


async def test_the_same_meter_back_with_lower_registers_is_estimated_and_read_as_a_new_installation(kit: Kit) -> None:
    await _january(kit)
    await removed(kit, "2026-02-10", "1130.00", opening={"import": "1000.00"})
    await install(kit, {"installed_on": "2026-02-12", "opening": {"import": "0.00"}})
    await month(kit, "2026-03-01")
    # 28 days of 100 kWh in 31: of them 30 kWh are known, the rest is estimated on the registers it came back with
    assert await periods(kit) == [JANUARY, ("2026-02-01", "2026-03-01", "estimated", 90_320)]
    await month(kit, "2026-04-01", "140.00")
    assert (await periods(kit))[2] == ("2026-03-01", "2026-04-01", "actual", 140_000 - 60_320)
    await kit.push_one("M0001", "2026-03-01", "60.00", "site")
    assert await periods(kit) == [
        JANUARY,
        ("2026-02-01", "2026-03-01", "actual", 90_000),
        ("2026-03-01", "2026-04-01", "actual", 80_000),
    ]
    assert "reading.negative_usage" not in await found(kit)


async def test_an_installation_that_never_was_takes_its_energy_with_it(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    answer = await kit.clerk.post("/v1/installations/M0001/2026-01-01/annulment", json={"reason": "wrong_meter"})
    assert answer.status_code == 200, answer.text
    assert await periods(kit) == []
    assert len(await kit.items("waiting-reads")) == 1
    await install(kit, {"opening": {"import": "150.00"}})
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 50_000)]


async def test_a_corrected_multiplier_counts_in_every_period_of_its_installation(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    await month(kit, "2026-03-01", "250.00")
    await correct(kit, multiplier=30)
    assert await periods(kit) == [
        ("2026-01-01", "2026-02-01", "actual", 3_000_000),
        ("2026-02-01", "2026-03-01", "actual", 1_500_000),
    ]


async def test_a_mistyped_opening_holds_its_own_period_alone_and_its_correction_makes_all_right(kit: Kit) -> None:
    await _january(kit)
    await removed(kit, "2026-02-10", "1130.00", opening={"import": "1000.00"})
    await second_meter(kit, "2026-02-10", "500.00")
    await month(kit, "2026-03-01", "60.00", "M2")
    await month(kit, "2026-04-01", "150.00", "M2")
    held, after = (await in_force(kit))[1:]
    assert (held["energy_wh"]["import"], after["energy_wh"]["import"]) == (30_000, 90_000), "from its first known one"
    flagged = ["reading.suspect_registers" in usage["findings"] for usage in (held, after)]
    assert flagged == [True, False]
    await correct(kit, "M2/2026-02-10", opening={"import": "5.00"})
    assert [wh for _, _, _, wh in await periods(kit)] == [100_000, 30_000 + 55_000, 90_000]


async def test_two_wrong_entries_are_repaired_one_after_the_other_where_it_is_confirmed(kit: Kit) -> None:
    await _january(kit)
    await removed(kit, "2026-02-10", "113.00", opening={"import": "1000.00"})
    await second_meter(kit, "2026-02-10", "500.00")
    await month(kit, "2026-03-01", "60.00", "M2")
    await correct(kit, closing={"import": "1130.00"}, confirm=True)
    await correct(kit, "M2/2026-02-10", opening={"import": "5.00"}, confirm=True)
    assert [wh for _, _, _, wh in await periods(kit)] == [100_000, 85_000]
