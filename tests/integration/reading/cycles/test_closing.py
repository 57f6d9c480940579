"""Routes in their cycles: planned, shown, closed once."""

from datetime import date, timedelta

from services.reading.cycles.use_cases import closing, planning
from tests.kits.reading import ONE, UNIT, Kit, Statements, read


async def test_a_route_shows_its_progress_and_closes_once(kit: Kit) -> None:
    await kit.district(3)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert (await kit.close("2026-02-01"))["counts"] == {}
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-01")).json()
    assert {k: progress[k] for k in ("expected", "actual", "missed", "closed_on")} == {
        "expected": 3,
        "actual": 1,
        "missed": 0,
        "closed_on": None,
    }
    await kit.close("2026-02-02")
    await kit.close("2026-02-03")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert {k: closed[k] for k in ("expected", "actual", "estimated", "missed", "usages", "sum_wh", "closed_on")} == {
        "expected": 3,
        "actual": 1,
        "estimated": 0,
        "missed": 2,
        "usages": 1,
        "sum_wh": 50_000,
        "closed_on": "2026-02-02",
    }
    assert [t["status"] for t in await kit.items("tasks", cycle="2026-01")] == ["read", "missed", "missed"]


async def test_planning_and_closing_take_as_many_statements_for_a_route_of_500_as_for_one_of_10(kit: Kit) -> None:
    own = kit.service.app.state.context
    counts = []
    for route, first, points in (("R1", 0, 10), ("R2", 10, 500)):
        numbers = [f"{n:04}" for n in range(first, first + points)]
        await kit.put("routes", [{"route_no": route, "org_unit": UNIT, "read_day": 1}])
        await kit.put("service-points", [{"service_point_no": f"S{n}", "route_no": route} for n in numbers])
        await kit.put("meters", [{"meter_no": f"M{n}", "org_unit": UNIT, "registers": list(ONE)} for n in numbers])
        put = {"installed_on": "2026-01-01", "unit": "kWh", "opening": {"import": "100.00"}}
        await kit.put("installations", [{"service_point_no": f"S{n}", "meter_no": f"M{n}"} | put for n in numbers])
        for month, share in ((2, 1), (3, 2)):  # in the second month every other point is not read
            day = date(2026, month, 1)
            with Statements(kit) as statements:
                async with kit.database.begin() as tx:
                    await planning.plan(tx, route_no=route, business_date=day, policies=own.policies, zone=own.zone)
            await kit.push(*(read(f"M{n}", str(day), f"{100 + 30 * (month - 1)}.00") for n in numbers[::share]))
            with statements:
                async with kit.database.begin() as tx:
                    found = await closing.close(
                        tx,
                        route_no=route,
                        read_date=day,
                        business_date=day + timedelta(days=1),
                        policies=own.policies,
                        zone=own.zone,
                    )
        assert found["estimated"] == points // 2, found
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]
