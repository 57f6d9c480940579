"""Points that come after their route was planned are to be read in the window that is open."""

from typing import Any

from tests.kits.reading import ONE, UNIT, Kit, Statements, read

PUT = {"installed_on": "2026-01-11", "unit": "kWh", "opening": {"import": "100.00"}}


async def meter(kit: Kit, number: str, route_no: str) -> None:
    """A point on a route with a meter."""
    await kit.put("service-points", [{"service_point_no": f"S{number}", "route_no": route_no}])
    await kit.put("meters", [{"meter_no": f"M{number}", "org_unit": UNIT, "registers": list(ONE)}])
    (done,) = await kit.put("installations", [PUT | {"service_point_no": f"S{number}", "meter_no": f"M{number}"}])
    assert done["status"] == "done", done


async def tasks(kit: Kit, point: str) -> list[Any]:
    return [(t["route_no"], t["read_date"], t["status"]) for t in await kit.items("tasks", service_point_no=point)]


async def test_a_point_that_is_moved_to_a_planned_route_is_read_in_its_open_window(kit: Kit) -> None:
    await kit.district(2)
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 28}])
    await meter(kit, "0009", "R2")
    await kit.push_one("M0009", "2026-02-01", "130.00")
    await kit.plan("2026-02-01")
    assert await tasks(kit, "S0009") == []
    await kit.put("service-points", [{"service_point_no": "S0009", "route_no": "R1"}])
    assert await tasks(kit, "S0009") == [("R1", "2026-02-01", "read")]
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["actual"], closed["sum_wh"]) == (3, 1, 30_000)


async def test_a_meter_that_is_installed_after_its_route_was_planned_is_read_in_the_open_window(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await meter(kit, "0009", "R1")
    assert await tasks(kit, "S0009") == [("R1", "2026-02-01", "open")]
    await kit.push_one("M0009", "2026-02-01", "130.00")
    assert [usage["period_to"] for usage in await kit.usages("S0009")] == ["2026-02-01"]


async def test_a_point_that_is_moved_to_a_route_whose_window_is_closed_waits_for_the_next_one(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 28}])
    await meter(kit, "0009", "R2")
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.put("service-points", [{"service_point_no": "S0009", "route_no": "R1"}])
    assert await tasks(kit, "S0009") == []
    await kit.plan("2026-03-01")
    assert [task[:2] for task in await tasks(kit, "S0009")] == [("R1", "2026-03-01")]


async def test_the_number_of_statements_is_the_same_for_2_and_200_points_that_move(kit: Kit) -> None:
    await kit.district(202)
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 2}])
    await kit.plan("2026-02-02")
    await kit.push(*(read(f"M{n:04}", "2026-02-02", "130.00") for n in range(1, 203)))
    counts = []
    for numbers in (range(1, 3), range(3, 203)):
        with Statements(kit) as statements:
            await kit.put("service-points", [{"service_point_no": f"S{n:04}", "route_no": "R2"} for n in numbers])
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]
    assert [task[1:] for task in await tasks(kit, "S0202")] == [("2026-02-01", "open"), ("2026-02-02", "read")]


async def test_a_meter_that_is_told_after_windows_were_closed_has_the_months_that_it_would_have_had_in_time(
    kit: Kit,
) -> None:
    await kit.district()
    for month in (2, 3, 4):
        await kit.plan(f"2026-{month:02}-01")
        await kit.close(f"2026-{month:02}-02")
    await meter(kit, "0009", "R1")
    assert [task[1:] for task in await tasks(kit, "S0009")] == [(f"2026-0{n}-01", "missed") for n in (2, 3, 4)]
    await kit.push_one("M0009", "2026-04-01", "190.00")
    (told,) = await kit.usages("S0009")
    assert (told["period_to"], told["months"], told["late"]) == ("2026-04-01", 3, True), "not three months in one"
    await kit.push_one("M0009", "2026-03-01", "150.00")
    newest = [u for u in await kit.usages("S0009") if u["version"] > 1 and not u["withdrawn"]]
    assert sorted((u["period_to"], u["months"], u["energy_wh"]["import"]) for u in newest) == [
        ("2026-03-01", 2, 50_000),
        ("2026-04-01", 1, 40_000),
    ]
