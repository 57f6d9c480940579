"""Read days (抄表例日) have dates: a route that is planned keeps its own, and each cycle of a point has one read date."""

from typing import Any

import pytest

from tests.kits.reading import UNIT, Kit

ROUTE = {"org_unit": UNIT, "read_day": 15, "months": 1, "first_month": 1}


async def district(kit: Kit, points: int = 2) -> None:
    await kit.district(points)
    await kit.put("routes", [{"route_no": "R1"} | ROUTE])


async def put(kit: Kit, **other: Any) -> tuple[int, str | None]:
    answer = await kit.clerk.put("/v1/routes/R1", json=ROUTE | other)
    return answer.status_code, answer.json().get("code")


async def tasks(kit: Kit, point: str) -> list[tuple[str, str]]:
    return [(t["cycle"], t["read_date"]) for t in await kit.items("tasks", service_point_no=point)]


async def shown(kit: Kit) -> dict[str, Any]:
    (route,) = await kit.items("routes")
    return route


@pytest.mark.parametrize("other", [{"read_day": 1}, {"months": 2}, {"months": 2, "first_month": 2}])
async def test_a_route_that_has_a_cycle_keeps_its_read_day_and_nothing_of_the_put_is_done(
    kit: Kit, other: dict[str, int]
) -> None:
    await district(kit)
    await kit.plan("2026-01-15")
    before = await shown(kit)
    assert await put(kit, org_unit="zj/ningbo", **other) == (409, "read_day.needs_request")
    (outcome,) = await kit.put("routes", [{"route_no": "R1"} | ROUTE | other])
    assert (outcome["status"], outcome["code"]) == ("refused", "read_day.needs_request")
    assert await shown(kit) == before
    assert await put(kit, org_unit="zj/ningbo") == (200, None), "another org unit is no other read day"
    assert (await shown(kit))["read_days"] == before["read_days"]


async def test_a_read_day_that_the_route_was_given_for_later_is_the_one_that_a_put_repeats(kit: Kit) -> None:
    await district(kit)
    await kit.plan("2026-01-15")
    await kit.move(1, "2026-03")
    assert await put(kit) == (409, "read_day.needs_request")
    assert await put(kit, read_day=1) == (200, None)
    assert await put(kit, read_day=1, org_unit="zj") == (200, None)
    route = await shown(kit)
    assert (route["org_unit"], route["read_day"]) == ("zj", 1)
    assert [(row["from_cycle"], row["read_day"]) for row in route["read_days"]] == [(None, 15), ("2026-03", 1)]


async def test_without_a_cycle_a_route_is_given_another_read_day(kit: Kit) -> None:
    await district(kit)
    assert await put(kit, read_day=31, months=2, first_month=2) == (200, None)
    own = {"read_day": 31, "months": 2, "first_month": 2}
    assert await shown(kit) == {
        "route_no": "R1",
        "org_unit": UNIT,
        **own,
        "read_days": [{"from_cycle": None, **own}],
    }
    await kit.plan("2026-02-28")
    assert await tasks(kit, "S0001") == [("2026-02", "2026-02-28")]


async def test_a_put_in_the_middle_of_a_month_makes_no_second_task_of_a_point_and_leaves_no_month_without_one(
    kit: Kit,
) -> None:
    await district(kit)
    await kit.plan("2026-01-15")
    await kit.push_one("M0001", "2026-01-15", "120.00")
    await kit.push_one("M0002", "2026-01-15", "120.00")
    await kit.close("2026-01-16")
    await put(kit, read_day=1)
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.plan("2026-02-15")
    for point in ("S0001", "S0002"):
        assert await tasks(kit, point) == [("2026-01", "2026-01-15"), ("2026-02", "2026-02-15")]
    assert await kit.published("reading.estimate_made.v1") == []


@pytest.mark.parametrize(
    ("before", "after", "dates"),
    [
        (15, 1, ["2026-01-15", "2026-03-01", "2026-04-01"]),
        (1, 15, ["2026-02-01", "2026-02-15", "2026-03-15"]),
    ],
)
async def test_a_read_day_that_is_moved_from_a_cycle_on_gives_each_cycle_its_read_date(
    kit: Kit, before: int, after: int, dates: list[str]
) -> None:
    await district(kit, 1)
    await put(kit, read_day=before)
    await kit.plan(dates[0])
    await kit.move(after, "2026-02")
    for month in ("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-01"):
        await kit.plan(month)
    assert await tasks(kit, "S0001") == list(zip(("2026-01", "2026-02", "2026-03"), dates, strict=True))


async def test_a_month_in_which_the_read_day_moves_from_the_first_has_both_of_its_read_dates(kit: Kit) -> None:
    await district(kit)
    await put(kit, read_day=1)
    await kit.move(20, "2026-02")
    assert (await kit.plan("2026-02-20"))["counts"] == {"tasks": 4, "read_before": 0}
    assert await tasks(kit, "S0001") == [("2026-01", "2026-02-01"), ("2026-02", "2026-02-20")]


async def test_months_that_are_moved_are_counted_once(kit: Kit) -> None:
    await district(kit, 1)
    await put(kit, read_day=1)
    await kit.plan("2026-02-01")
    await kit.move(1, "2026-02", months=3, first_month=1)
    await kit.plan("2026-04-01")
    await kit.plan("2026-07-01")
    for n, day in enumerate(("2026-02-01", "2026-04-01", "2026-07-01")):
        await kit.push_one("M0001", day, f"{200 + 100 * n}.00")
    assert [(u["period_to"], u["months"]) for u in await kit.usages()] == [
        ("2026-02-01", 1),
        ("2026-04-01", 2),
        ("2026-07-01", 3),
    ]


async def test_a_point_with_a_read_day_of_its_own_is_read_on_it_and_closed_by_itself(kit: Kit) -> None:
    await district(kit, 3)
    await kit.plan("2026-01-15")
    await kit.move(1, "2026-02")
    await kit.move(15, "2026-02", point="S0002")
    for day in ("2026-02-15", "2026-03-01"):
        await kit.plan(day)
    assert await tasks(kit, "S0001") == [("2026-01", "2026-01-15"), ("2026-02", "2026-03-01")]
    assert await tasks(kit, "S0002") == [("2026-01", "2026-01-15"), ("2026-02", "2026-02-15")]
    await kit.push_one("M0002", "2026-01-15", "120.00")
    await kit.push_one("M0002", "2026-02-15", "150.00")
    for day in ("2026-01-16", "2026-02-16", "2026-03-02"):
        await kit.close(day)
    closed = await kit.published("reading.route_closed.v1")
    assert [(c["cycle"], c["read_date"], c["expected"], c["actual"]) for c in closed] == [
        ("2026-01", "2026-01-15", 3, 1),
        ("2026-02", "2026-02-15", 1, 1),
        ("2026-02", "2026-03-01", 2, 0),
    ]
    standing = [(u["period_from"], u["period_to"], u["months"]) for u in await kit.usages("S0002")]
    assert standing == [("2026-01-01", "2026-01-15", 1), ("2026-01-15", "2026-02-15", 1)]
    progress = await kit.clerk.get("/v1/routes/R1/cycles/2026-02", params={"read_date": "2026-02-15"})
    assert progress.json()["actual"] == 1


async def test_a_meter_that_is_told_late_is_read_on_the_days_of_its_point_alone(kit: Kit) -> None:
    await district(kit, 3)
    gone = {"service_point_no": "S0003", "meter_no": "M0003", "installed_on": "2026-01-01"}
    assert (
        await kit.clerk.post("/v1/installations/M0003/2026-01-01/annulment", json={"reason": "x"})
    ).status_code == 200
    await kit.move(1, "2026-02")
    await kit.move(20, "2026-02", point="S0003")
    for day in ("2026-01-15", "2026-02-20", "2026-03-01", "2026-03-20"):
        await kit.plan(day)
    assert await tasks(kit, "S0003") == []
    (outcome,) = await kit.put("installations", [gone | {"unit": "kWh", "opening": {"import": "100.00"}}])
    assert outcome["status"] == "done"
    own = [("2026-01", "2026-01-15"), ("2026-02", "2026-02-20"), ("2026-03", "2026-03-20")]
    assert await tasks(kit, "S0003") == own


async def test_a_point_that_comes_to_another_route_is_read_on_the_day_of_that(kit: Kit) -> None:
    await district(kit)
    await kit.move(20, "2026-01", point="S0001")
    await kit.put("routes", [{"route_no": "R2"} | ROUTE | {"read_day": 5}])
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R2"}])
    await kit.plan("2026-02-28")
    assert await tasks(kit, "S0001") == [("2026-02", "2026-02-05")]
