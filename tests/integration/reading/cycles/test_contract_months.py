"""Contracts whose bills are for two months, on routes that are read every month."""

from itertools import permutations

import pytest

from tests.kits.reading import UNIT, Kit
from tests.kits.usages import in_force, install, month, sign

JANUARY, FEBRUARY, MARCH, APRIL, MAY = (f"2026-{n:02}-01" for n in range(1, 6))
READS = {FEBRUARY: "110.00", MARCH: "130.00", APRIL: "160.00", MAY: "200.00"}


async def standing(kit: Kit) -> list[tuple[str, str, str, int, int]]:
    """From, to, cycle, months and energy of the usages in force."""
    return [
        (u["period_from"], u["period_to"], u["cycle"], u["months"], u["energy_wh"]["import"])
        for u in await in_force(kit)
    ]


async def kinds(kit: Kit) -> list[tuple[str, str, str]]:
    return [(t["read_date"], t["kind"], t["status"]) for t in await kit.items("tasks")]


@pytest.mark.parametrize("order", list(permutations(["contract", "planned", "read"])))
async def test_the_usage_has_both_months_whatever_came_first(kit: Kit, order: tuple[str, ...]) -> None:
    await kit.district()
    for step in order:
        for day, shown in READS.items():
            if step == "planned":
                await kit.plan(day)
            if step == "read":
                await kit.push_one("M0001", day, shown)
        if step == "contract":
            await sign(kit, "C1", JANUARY, cycle_months=2)
    assert await standing(kit) == [(JANUARY, MARCH, "2026-02", 2, 30_000), (MARCH, MAY, "2026-04", 2, 70_000)]
    assert await kinds(kit) == [
        *((FEBRUARY, "between", "open"), (MARCH, "cycle", "read")),
        *((APRIL, "between", "open"), (MAY, "cycle", "read")),
    ]
    facts = await kit.published("reading.usage_measured.v1")
    assert {
        (f["cycle_from"], f["read_date"]) for f in facts if f["period_to"] in (MARCH, MAY) and f["months"] == 2
    } == {
        *((JANUARY, MARCH), (MARCH, MAY)),
    }


async def test_the_month_between_expects_no_read_and_has_no_usage(kit: Kit) -> None:
    await kit.district(2)
    await sign(kit, "C1", JANUARY, cycle_months=2)
    await kit.plan(FEBRUARY)
    assert await kinds(kit) == [(FEBRUARY, "between", "open"), (FEBRUARY, "cycle", "open")]
    await kit.push_one("M0002", FEBRUARY, "120.00")
    await kit.close("2026-02-02")
    await kit.plan(MARCH)
    for meter_no in ("M0001", "M0002"):
        await kit.push_one(meter_no, MARCH, "150.00")
    await kit.close("2026-03-02")
    closed = await kit.published("reading.route_closed.v1")
    assert [(f["expected"], f["actual"], f["missed"], f["usages"], f["sum_wh"]) for f in closed] == [
        *((1, 1, 0, 1, 20_000), (2, 2, 0, 2, 80_000)),
    ]
    assert await kit.items("findings") == []


async def test_a_point_that_comes_after_its_route_was_planned_is_between_too(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "C2", JANUARY, point="S0002", cycle_months=2)
    await kit.plan(FEBRUARY)
    await kit.put("service-points", [{"service_point_no": "S0002", "route_no": "R1"}])
    register = {"quantity": "import", "digits": 8, "scale": 2}
    await kit.put("meters", [{"meter_no": "M0002", "org_unit": UNIT, "registers": [register]}])
    await install(kit, {"meter_no": "M0002", "service_point_no": "S0002"})
    assert await kinds(kit) == [(FEBRUARY, "cycle", "open"), (FEBRUARY, "between", "open")]


@pytest.mark.parametrize(
    ("last", "usage"),
    [(None, (JANUARY, MARCH, "2026-02", 2, 30_000)), ("150.00", (JANUARY, MAY, "2026-04", 4, 50_000))],
)
async def test_its_end_is_estimated_or_missed_as_any_other(
    kit: Kit, last: str | None, usage: tuple[str, str, str, int, int]
) -> None:
    await kit.district()
    await sign(kit, "C1", JANUARY, cycle_months=2)
    await month(kit, FEBRUARY)
    await month(kit, MARCH, "130.00" if last is None else None)
    await month(kit, APRIL)
    await month(kit, MAY, last)
    assert (await standing(kit))[0] == usage
    if last is None:  # as much in a day as before
        assert (await standing(kit))[1:] == [(MARCH, MAY, "2026-04", 2, 31_010)]
    assert [kind for _, kind, _ in await kinds(kit)] == ["between", "cycle", "between", "cycle"]


async def test_months_that_change_are_told_again_and_back(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "C1", JANUARY)
    for day, shown in READS.items():
        await month(kit, day, shown)
    monthly = await standing(kit)
    assert [usage[3] for usage in monthly] == [1, 1, 1, 1]
    await sign(kit, "C1", JANUARY, version=2, cycle_months=2)
    assert [usage[1:4] for usage in await standing(kit)] == [(MARCH, "2026-02", 2), (MAY, "2026-04", 2)]
    await sign(kit, "C1", JANUARY, version=3)
    assert await standing(kit) == monthly
    assert [(kind, status) for _, kind, status in await kinds(kit)] == [("cycle", "read")] * 4


async def test_a_part_of_a_cycle_has_its_months_and_its_date(kit: Kit) -> None:
    """Who comes and goes within two months; the one before was billed by the month, as is the one after."""
    await kit.district()
    await sign(kit, "C1", JANUARY, "2026-01-11")
    await sign(kit, "C2", "2026-01-11", "2026-03-11", cycle_months=2)
    await sign(kit, "C3", "2026-03-11")
    for day, shown in (("2026-01-11", "105.00"), ("2026-03-11", "140.00")):
        await kit.push_one("M0001", day, shown)
    for day, shown in READS.items():
        await month(kit, day, shown)
    assert await standing(kit) == [
        (JANUARY, "2026-01-11", "2026-01", 1, 5_000),
        ("2026-01-11", MARCH, "2026-02", 2, 25_000),
        (MARCH, "2026-03-11", "2026-04", 2, 10_000),
        ("2026-03-11", APRIL, "2026-03", 1, 20_000),
        (APRIL, MAY, "2026-04", 1, 40_000),
    ]


async def test_an_end_that_is_asked_for_may_be_a_date_between(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "C1", JANUARY, cycle_months=2)
    for day in (FEBRUARY, MARCH):
        await month(kit, day, READS[day])
    await kit.put("asked-ends", [{"service_point_no": "S0001", "day": FEBRUARY, "kind": "control"}])
    assert await standing(kit) == [(JANUARY, FEBRUARY, "2026-02", 2, 10_000), (FEBRUARY, MARCH, "2026-02", 2, 20_000)]


async def test_a_route_of_three_months_stays_as_it_is(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1, "months": 3, "first_month": 1}])
    await sign(kit, "C1", JANUARY, cycle_months=2)
    await month(kit, APRIL, READS[APRIL])
    assert await standing(kit) == [(JANUARY, APRIL, "2026-03", 3, 60_000)]
