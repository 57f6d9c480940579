"""What runs each day at a prepaid point is told: from where the last usage ends up to the newest register that is known."""

from typing import Any

import pytest

from tests.kits import daily
from tests.kits.daily import account, contract, last, tell, told
from tests.kits.reading import THREE, Kit, Statements, january, read
from tests.kits.usages import removed, second_meter


@pytest.fixture
async def point(kit: Kit) -> Kit:
    """S0001, prepaid since its meter came on 1 January with 100 kWh."""
    await kit.district()
    await kit.give(account())
    return kit


async def test_a_point_without_a_register_is_told_as_nothing_since_supply_began(point: Kit) -> None:
    assert await told(point) == [(1, "2026-01-01", "2026-01-01", 0)]
    (fact,) = await point.published("reading.daily_register.v1")
    assert (fact["cycle"], fact["read_date"], fact["energy_wh"]) == ("2026-01", "2026-02-01", {})


async def test_each_newer_register_is_told_and_none_is_told_twice(point: Kit) -> None:
    await point.push_one("M0001", "2026-01-05", "112.50")
    assert await last(point) == ("2026-01-01", "2026-01-05", 12_500)
    await point.push_one("M0001", "2026-01-06", "115.00")
    await point.push_one("M0001", "2026-01-06", "115.00")
    await point.push_one("M0001", "2026-01-03", "106.00")
    assert await last(point) == ("2026-01-01", "2026-01-06", 15_000)
    assert [version for version, *_ in await told(point)] == [1, 2]
    fact = (await point.published("reading.daily_register.v1"))[-1]
    assert (fact["meter_nos"], fact["registers"][0]["shown"]) == (["M0001"], {"import": ["100.00", "115.00"]})
    assert await tell(point) == 0


async def test_a_usage_takes_the_days_that_it_is_for(point: Kit) -> None:
    await point.plan("2026-02-01")
    await point.push_one("M0001", "2026-01-31", "190.00")
    assert await last(point) == ("2026-01-01", "2026-01-31", 90_000)
    await point.push_one("M0001", "2026-02-01", "200.00")
    assert await last(point) == ("2026-02-01", "2026-02-01", 0)
    await point.push_one("M0001", "2026-02-04", "212.00")
    assert await last(point) == ("2026-02-01", "2026-02-04", 12_000)
    fact = (await point.published("reading.daily_register.v1"))[-1]
    assert (fact["cycle"], fact["read_date"], fact["cycle_from"]) == ("2026-02", "2026-03-01", "2026-02-01")


async def test_a_read_day_that_is_open_without_a_read_hides_no_later_register(point: Kit) -> None:
    await point.plan("2026-02-01")
    await point.push_one("M0001", "2026-02-03", "206.00")
    assert await last(point) == ("2026-01-01", "2026-02-03", 106_000)


async def test_an_estimate_is_settled_by_the_next_register(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.close("2026-03-02")
    await kit.give(account())
    assert (await kit.energies())[-1][3] == 90_320
    await kit.push_one("M0001", "2026-03-05", "300.00")
    begin, through, energy = await last(kit)
    assert (begin, through) == ("2026-03-01", "2026-03-05")
    assert energy + sum(wh for *_, wh in await kit.energies()) == 200_000, "what ran in all, to the Wh"


async def test_a_read_that_was_annulled_or_corrected_is_told_again(point: Kit) -> None:
    await point.push_one("M0001", "2026-01-05", "112.50")
    one = await point.push_one("M0001", "2026-01-06", "915.00")
    assert (await last(point))[1:] == ("2026-01-06", 815_000)
    path = f"/v1/reads/{one['id']}"
    other = point.client("other", "reading:read", "reading:write")
    answer = await other.post(f"{path}/annulment", json={"reason": "wrong_meter"})
    assert answer.is_success, answer.text
    assert (await last(point))[1:] == ("2026-01-05", 12_500)
    body = {"registers": {"import": "116.00"}, "unit": "kWh", "reason": "misread"}
    answer = await other.post(f"{path}/correction", json=body)
    assert answer.is_success, answer.text
    assert (await last(point))[1:] == ("2026-01-06", 16_000)


async def test_a_register_that_contradicts_the_others_is_passed_over(point: Kit) -> None:
    await point.push_one("M0001", "2026-01-05", "112.50")
    await point.push_one("M0001", "2026-01-06", "90.00")
    assert (await last(point))[1:] == ("2026-01-05", 12_500)


async def test_both_meters_of_an_exchange_count(point: Kit) -> None:
    await point.push_one("M0001", "2026-01-05", "112.50")
    await removed(point, "2026-01-08", "120.00")
    await second_meter(point, "2026-01-08", "5.00")
    assert (await last(point))[1:] == ("2026-01-08", 20_000)
    await point.push_one("M2", "2026-01-10", "8.00")
    assert (await last(point))[1:] == ("2026-01-10", 23_000)


async def test_registers_of_times_of_use_and_a_multiplier_count_as_in_usages(kit: Kit) -> None:
    await kit.district(registers=THREE, multiplier=20)
    await kit.give(account())
    shown = {"import": "101.00", "import.peak": "100.60", "import.valley": "100.40"}
    await kit.push_one("M0001", "2026-01-02", shown)
    await tell(kit)
    fact = (await kit.published("reading.daily_register.v1"))[-1]
    assert fact["energy_wh"] == {"import": 20_000, "import.peak": 12_000, "import.valley": 8_000}


@pytest.mark.parametrize(
    ("modes", "found"),
    [
        ((), []),
        ((("2026-01-06", "prepaid"),), ("2026-01-06", 15_000)),
        ((("2026-01-07", "prepaid"),), ("2026-01-01", 0)),
        ((("2026-01-01", "prepaid"), ("2026-01-06", "postpaid")), ("2026-01-01", 0)),
        ((("2026-01-01", "prepaid"), ("2026-01-07", "postpaid")), ("2026-01-06", 15_000)),
    ],
)
@pytest.mark.parametrize("first", ["reads", "contract"])
async def test_the_mode_of_the_day_of_the_register_decides(kit: Kit, modes: Any, found: Any, first: str) -> None:
    await kit.district()
    if first == "contract":
        await kit.give(account(modes=modes))
        await tell(kit)
    await kit.push(read("M0001", "2026-01-05", "112.50"), read("M0001", "2026-01-06", "115.00"))
    if first == "reads":
        await kit.give(account(modes=modes))
    assert (await last(kit))[1:] == found if found else await told(kit) == []


async def test_a_mode_that_changes_is_told_both_ways_and_nothing_of_who_never_was_prepaid(point: Kit) -> None:
    await point.push_one("M0001", "2026-01-05", "112.50")
    assert (await last(point))[1:] == ("2026-01-05", 12_500)
    await point.give(account(version=2, modes=()))
    assert (await last(point))[1:] == ("2026-01-01", 0)
    await point.push_one("M0001", "2026-01-06", "115.00")
    assert len(await told(point)) == 2
    await point.give(account(version=3))
    assert (await last(point))[1:] == ("2026-01-06", 15_000)


async def test_a_contract_that_came_before_its_point_and_meter_is_not_forgotten(kit: Kit) -> None:
    await kit.give(account())
    await kit.district()
    await kit.push_one("M0001", "2026-01-05", "112.50")
    assert await last(kit) == ("2026-01-01", "2026-01-05", 12_500)


async def test_of_who_moves_in_his_own_days_alone_are_told(point: Kit) -> None:
    await point.push_one("M0001", "2026-01-05", "112.50")
    moved = [
        contract(to="2026-01-05"),
        contract(2, from_="2026-01-05").model_copy(update={"service_point_no": "S0001"}),
    ]
    await point.give(account(version=2, contracts=moved))
    await point.push_one("M0001", "2026-01-07", "120.00")
    assert await last(point) == ("2026-01-05", "2026-01-07", 7_500)


async def test_prepaid_points_without_a_register_of_the_last_days_are_listed_and_counted(kit: Kit) -> None:
    await kit.district(3)
    await kit.give(account(1), account(2), account(3, modes=()))
    await kit.push(read("M0001", "2026-11-15", "5000.00"), read("M0002", "2026-11-11", "5000.00"))
    await tell(kit)
    assert [item["service_point_no"] for item in await kit.items("daily-registers")] == ["S0001", "S0002"]
    (one,) = await kit.items("daily-registers", stale="true")
    assert (one["service_point_no"], one["through"], one["stale"]) == ("S0002", "2026-11-11", True)
    (one,) = await kit.items("daily-registers", stale="false")
    assert (one["service_point_no"], one["stale"]) == ("S0001", False)
    elsewhere = kit.client("n", "reading:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/daily-registers")).json()["items"] == []
    metrics = (await kit.admin.get("/metrics")).text
    assert 'daily_registers_stale{service="reading"} 1.0' in metrics or "daily_registers_stale 1.0" in metrics


@pytest.mark.parametrize("count", [2, 40])
async def test_any_number_of_points_takes_as_many_statements(kit: Kit, count: int) -> None:
    await kit.district(count)
    await kit.give(*[account(n) for n in range(1, count + 1)])
    await tell(kit)
    await kit.push(*[read(f"M{n:04d}", "2026-01-05", "112.50") for n in range(1, count + 1)])
    with Statements(kit) as seen:
        assert await tell(kit) == count
    assert len(seen.texts) <= 23, len(seen.texts)


async def test_reads_of_points_that_are_not_prepaid_take_no_statement_more(kit: Kit) -> None:
    counts = []
    await kit.district(2)
    await kit.push_one("M0001", "2026-01-03", "101.00")
    for day, modes in (("2026-01-05", ()), ("2026-01-06", daily.PREPAID)):
        await kit.give(account(version=int(day[-1]), modes=modes))
        await tell(kit)
        with Statements(kit) as seen:
            await kit.push_one("M0001", day, "112.50")
        counts.append(len(seen.texts))
    assert counts[1] - counts[0] == 1, "a prepaid one is marked"
