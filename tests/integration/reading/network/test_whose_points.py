"""Whose a service point is: it comes to no other bureau's route, and reading tells of it before all else."""

from collections.abc import Sequence

import pytest

from services.reading import main
from tests.kits.reading import UNIT, Kit

FACT = "reading.service_point_changed.v1"
OWN, FOREIGN = (UNIT,), ("zj/ningbo",)


async def put(kit: Kit, units: Sequence[str], **point: str) -> str:
    client = kit.client("clerk-2", "reading:write", org_units=units)
    answer = await client.put("/v1/service-points", json={"items": [point]})
    outcome = answer.json()["outcomes"][0]
    return str(outcome.get("code") or outcome["status"])


async def two_routes(kit: Kit) -> None:
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}])
    await kit.put("routes", [{"route_no": "R2", "org_unit": FOREIGN[0], "read_day": 1}])


@pytest.mark.parametrize("org_unit", [{}, {"org_unit": FOREIGN[0]}, {"org_unit": UNIT}])
async def test_a_point_comes_to_no_route_of_another_bureau(kit: Kit, org_unit: dict[str, str]) -> None:
    await two_routes(kit)
    assert await put(kit, FOREIGN, service_point_no="S1", route_no="R1", **org_unit) == "auth.other_org_unit"
    assert await kit.items("service-points") == []
    assert await kit.published(FACT) == []


async def test_a_point_is_moved_to_no_route_of_another_bureau_and_is_changed_on_one_that_it_is_on(kit: Kit) -> None:
    await two_routes(kit)
    assert await put(kit, FOREIGN, service_point_no="S1", route_no="R2") == "done"
    assert await put(kit, FOREIGN, service_point_no="S1", route_no="R1", org_unit=FOREIGN[0]) == "auth.other_org_unit"
    assert await put(kit, ("*",), service_point_no="S1", route_no="R1", org_unit=FOREIGN[0]) == "done"
    assert await put(kit, FOREIGN, service_point_no="S1", route_no="R1", org_unit="zj/ningbo/east") == "done"


async def test_a_point_is_told_with_each_change_and_again_when_it_is_asked_for(kit: Kit) -> None:
    await two_routes(kit)
    for route_no in ("R1", "R1", "R2"):
        await put(kit, ("zj",), service_point_no="S1", route_no=route_no)
    await put(kit, ("zj",), service_point_no="S2", route_no="R1")
    async with kit.database.begin() as tx:
        last = await main.STATES["service_point"](tx, "")
        assert last == "S2"
        assert await main.STATES["service_point"](tx, last) is None
    told = [(f["service_point_no"], f["version"], f["route_no"], f["org_unit"]) for f in await kit.published(FACT)]
    now = [("S1", 2, "R2", FOREIGN[0]), ("S2", 1, "R1", UNIT)]
    assert told == [("S1", 1, "R1", UNIT), *now, *now]
