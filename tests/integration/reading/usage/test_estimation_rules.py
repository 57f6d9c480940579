"""What estimates rest on, from where they go on, and where they end."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.kits.reading import Kit, read, running
from tests.kits.usages import found, in_force, month, periods, sign

JANUARY = ("2026-01-01", "2026-02-01", "actual", 100_000)


def policy(directory: Path, *versions: dict[str, dict[str, Any]], since: str = "2026-02-02") -> str:
    """The shipped policy with one more version from a day on, in which some of its figures are others."""
    shipped = json.loads(resources.files("services.reading.policies").joinpath("default.json").read_text())
    (first,) = shipped["versions"]
    for changed in versions:
        more = {key: first[key] | changed.get(key, {}) for key in ("reads", "rollover", "estimates")}
        shipped["versions"].append(first | more | {"version": "2", "effective": {"from": since, "to": None}})
        first["effective"]["to"] = since
    file = directory / "policy.json"
    file.write_text(json.dumps(shipped))
    return str(file)


async def _january(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")


async def test_an_estimate_rests_on_the_use_of_the_same_contract_alone(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "A", "2026-01-01", "2026-02-01")
    await sign(kit, "B", "2026-02-01")
    await month(kit, "2026-02-01", "200.00")
    await month(kit, "2026-03-01")
    assert await periods(kit) == [JANUARY], "nothing is known of how B uses energy"
    assert [t["status"] for t in await kit.items("tasks", cycle="2026-02")] == ["missed"]
    await month(kit, "2026-04-01", "259.00")
    (_, usage) = await in_force(kit)
    assert (usage["period_from"], usage["energy_wh"]["import"], usage["months"]) == ("2026-02-01", 59_000, 2)
    await month(kit, "2026-05-01")
    assert (await periods(kit))[2] == ("2026-04-01", "2026-05-01", "estimated", 30_000)


@pytest.mark.parametrize(("installed_on", "estimated"), [("2026-01-22", True), ("2026-01-23", False)])
async def test_an_estimate_rests_on_ten_days_at_least(kit: Kit, installed_on: str, estimated: bool) -> None:
    await kit.district(installed_on=installed_on)
    await month(kit, "2026-02-01", "110.00")
    await month(kit, "2026-03-01")
    told = [("2026-02-01", "2026-03-01", "estimated", 28_000)] if estimated else []
    assert (await periods(kit))[1:] == told


async def test_boundaries_that_are_too_near_are_taken_together_as_a_basis(kit: Kit) -> None:
    await kit.district()
    await kit.put(
        "asked-ends", [{"service_point_no": "S0001", "day": "2026-01-29", "kind": "control", "reason": "check"}]
    )
    await kit.push_one("M0001", "2026-01-29", "140.00", "site")
    await month(kit, "2026-02-01", "162.00")  # 3 days are too few: 62 kWh in 31 days
    await month(kit, "2026-03-01")
    assert (await periods(kit))[2] == ("2026-02-01", "2026-03-01", "estimated", 56_000)


async def test_an_estimate_goes_on_from_the_last_known_register_of_any_day(kit: Kit) -> None:
    await _january(kit)
    await kit.push_one("M0001", "2026-02-10", "230.00", "self")
    await month(kit, "2026-03-01")
    # 30 kWh to the tenth, and 19 days of 100 kWh in 31
    assert (await periods(kit))[1] == ("2026-02-01", "2026-03-01", "estimated", 30_000 + 61_290)


async def test_an_estimate_is_never_beyond_what_is_possible(database_url: str, tmp_path: Path) -> None:
    file = policy(tmp_path, {"rollover": {"register_daily_kwh_max": 2}})
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=file) as kit:
        await _january(kit)
        await month(kit, "2026-03-01")
        assert (await periods(kit))[1] == ("2026-02-01", "2026-03-01", "estimated", 56_000)


async def test_nothing_is_estimated_beyond_a_suspect_register(kit: Kit) -> None:
    await _january(kit)
    await month(kit, "2026-03-01", "90.00")
    assert await periods(kit) == [JANUARY]
    await month(kit, "2026-04-01")
    assert await periods(kit) == [JANUARY]
    await month(kit, "2026-05-01", "289.00")
    standing = (await in_force(kit))[1:]
    assert [(u["period_to"], u["quality"], u["energy_wh"]["import"], u["estimate_reason"]) for u in standing] == [
        ("2026-03-01", "estimated", 28_000, "unusable_read"),  # between what is known around it now: 89 kWh in 89 days
        ("2026-04-01", "estimated", 31_000, "no_read"),
        ("2026-05-01", "actual", 30_000, None),
    ]
    assert "reading.suspect_registers" in standing[0]["findings"]


@pytest.mark.parametrize("closing_first", [True, False])
@pytest.mark.parametrize(("day", "shown"), [("2026-03-10", "260.00"), ("2026-04-01", "380.00")])
async def test_a_closed_date_without_a_read_is_an_estimated_boundary_whenever_a_later_read_comes(
    kit: Kit, closing_first: bool, day: str, shown: str
) -> None:
    await _january(kit)
    await kit.plan("2026-03-01")
    if not closing_first:
        if day == "2026-04-01":
            await kit.plan(day)
        await kit.push_one("M0001", day, shown, "site")
        assert await periods(kit) == [JANUARY], "nothing beyond an open window is told"
    await kit.close("2026-03-02")
    if closing_first:
        if day == "2026-04-01":
            await kit.plan(day)
        await kit.push_one("M0001", day, shown, "site")
    expected = [
        ("2026-02-01", "2026-03-01", "estimated", 90_320),
        ("2026-03-01", "2026-04-01", "actual", 89_680),
    ]
    if day == "2026-03-10":
        expected = [("2026-02-01", "2026-03-01", "estimated", 45_400)]  # 28 of 37 days' 60 kWh
    assert (await periods(kit))[1:] == expected


async def test_each_estimate_names_its_method_with_the_version_of_the_rules_of_its_day(
    database_url: str, tmp_path: Path
) -> None:
    file = policy(tmp_path, {"estimates": {"basis_days": 5}}, since="2026-03-15")
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=file) as kit:
        await _january(kit)
        await sign(kit, "A", "2026-01-01", "2026-04-15")
        await sign(kit, "B", "2026-04-15")
        await month(kit, "2026-03-01")
        await month(kit, "2026-04-01")
        await month(kit, "2026-05-01", "490.00")
        told = [(f["period_to"], f["estimate_method"]) for f in await kit.published("reading.usage_measured.v1")]
        assert told == [
            ("2026-02-01", None),
            ("2026-03-01", "previous_usage@1"),
            ("2026-04-01", "previous_usage@2"),
            ("2026-04-15", "by_days@1"),
            ("2026-05-01", None),
        ]


async def test_every_first_estimate_of_a_period_is_told_and_another_of_it_is_not(kit: Kit) -> None:
    await _january(kit)
    await month(kit, "2026-03-01")
    await kit.push_one("M0001", "2026-03-10", "260.00", "self")
    told = [(t["period_to"], t["energy_wh"]) for t in await kit.published("reading.estimate_made.v1")]
    assert told == [("2026-03-01", 90_320)]
    await sign(kit, "A", "2026-01-01", "2026-02-15")
    told = [(t["period_to"], t["reason"]) for t in await kit.published("reading.estimate_made.v1")]
    assert told[1:] == [("2026-02-15", "cut_by_days")]


async def test_estimates_in_a_row_are_counted_from_the_last_read_and_end_at_their_limit(
    database_url: str, tmp_path: Path
) -> None:
    file = policy(tmp_path, {"estimates": {"in_a_row_max": 2}})
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=file) as kit:
        await _january(kit)
        for day in ("2026-03-01", "2026-04-01", "2026-05-01"):
            await month(kit, day)
        assert [u["estimates_in_a_row"] for u in await in_force(kit)] == [0, 1, 2]
        await month(kit, "2026-06-01", "320.00")
        assert [(u["period_to"], u["months"], u["energy_wh"]["import"]) for u in await in_force(kit)][1:] == [
            ("2026-03-01", 1, 28_000),
            ("2026-04-01", 1, 31_000),
            ("2026-06-01", 2, 61_000),
        ]


async def test_a_read_near_a_planned_date_counts_for_it_within_the_tolerance_where_it_has_none(
    database_url: str, tmp_path: Path
) -> None:
    file = policy(tmp_path, {"reads": {"read_tolerance_days": 3}}, since="2026-01-02")
    async with running(database_url, tmp_path, WATTLINE_READING_POLICY=file) as kit:
        await kit.district(3)
        await kit.plan("2026-02-01")
        await kit.push(
            read("M0001", "2026-01-29", "190.00", "self"),
            read("M0001", "2026-02-03", "205.00", "self"),
            read("M0002", "2026-02-04", "210.00", "self"),
            read("M0003", "2026-02-05", "220.00", "self"),
        )
        assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 105_000)]
        assert await periods(kit, "S0002") == [("2026-01-01", "2026-02-01", "actual", 110_000)]
        assert await periods(kit, "S0003") == [], "four days are too far"
        await kit.push_one("M0001", "2026-02-01", "200.00")
        assert await periods(kit) == [JANUARY]


async def test_a_read_near_a_planned_date_does_not_count_for_it_as_shipped(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-02", "210.00", "self")
    assert await periods(kit) == []


async def test_what_another_system_estimated_stands_where_nothing_better_is_and_it_agrees(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "270.00", "estimated")
    (_, usage) = await in_force(kit)
    assert (usage["quality"], usage["energy_wh"]["import"]) == ("estimated", 70_000)
    assert (usage["estimate_reason"], usage["estimates_in_a_row"]) == ("imported_estimate", 1)
    await kit.close("2026-03-02")
    await month(kit, "2026-04-01")
    # on the basis of January, as an estimate is none, from the 270.00
    assert (await periods(kit))[2] == ("2026-03-01", "2026-04-01", "estimated", 100_000)
    await kit.push_one("M0001", "2026-03-15", "220.00", "self")
    assert (await periods(kit))[1] == ("2026-02-01", "2026-03-01", "estimated", 13_330), "it contradicts what was read"
    await kit.push_one("M0001", "2026-03-01", "215.00", "self")
    assert (await periods(kit))[1] == ("2026-02-01", "2026-03-01", "actual", 15_000)
    assert "reading.contradicted" in await found(kit), "the estimate fits what is before it, not the reads after it"
