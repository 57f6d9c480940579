"""Days on which a customer was supplied and no meter stood are listed."""

from typing import Any

from tests.kits.reading import UNIT, Kit
from tests.kits.usages import correct, install, periods, removed, second_meter, sign


async def listed(kit: Kit, **query: str) -> list[tuple[Any, ...]]:
    found = await kit.items("days-without-meter", **query)
    return [(one["service_point_no"], one["contract_no"], one["from"], one["to"]) for one in found]


async def test_days_between_two_meters_are_listed_until_the_removal_is_corrected(kit: Kit) -> None:
    await kit.district(opening="1000.00")
    await sign(kit, "A", "2020-01-01")  # what lies before the first meter that is known is not listed
    assert await listed(kit) == []
    await removed(kit, "2026-01-10", "1030.00", opening={"import": "1000.00"})
    assert await listed(kit) == [("S0001", "A", "2026-01-10", None)]
    await second_meter(kit, "2026-01-20", "0.00")
    assert await listed(kit) == [("S0001", "A", "2026-01-10", "2026-01-20")]
    await kit.plan("2026-02-01")
    await kit.push_one("M2", "2026-02-01", "12.00")
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 42_000)], "they are listed, not counted"
    await correct(kit, removed_on="2026-01-20", closing={"import": "1060.00"})
    assert await listed(kit) == []


async def test_days_are_those_of_contracts_each_by_itself(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "A", "2026-01-01", "2026-01-15")
    await sign(kit, "B", "2026-01-20")
    await sign(kit, "C", "2026-02-20", annulled=True)
    await removed(kit, "2026-01-10", "130.00")
    await second_meter(kit, "2026-02-01", "0.00")
    assert await listed(kit) == [("S0001", "A", "2026-01-10", "2026-01-15"), ("S0001", "B", "2026-01-20", "2026-02-01")]


async def test_an_exchange_within_a_day_and_a_removal_at_the_end_of_a_contract_leave_none(kit: Kit) -> None:
    await kit.district()
    await sign(kit, "A", "2026-01-01", "2026-02-01")
    await removed(kit, "2026-01-10", "130.00")
    await second_meter(kit, "2026-01-10", "0.00")
    await install(
        kit,
        {"meter_no": "M2", "installed_on": "2026-01-10", "opening": {"import": "0.00"}}
        | {"removed_on": "2026-02-01", "closing": {"import": "9.00"}},
    )
    assert await listed(kit) == []


async def test_a_contract_on_a_point_that_never_had_a_meter_is_listed_page_by_page_to_who_may_see_it(kit: Kit) -> None:
    await kit.district()
    await kit.put("service-points", [{"service_point_no": f"S{n}", "route_no": "R1"} for n in (7, 8, 9)])
    for n in (7, 8, 9):
        await sign(kit, f"C{n}", f"2026-01-0{n}", point=f"S{n}")
    assert await listed(kit, service_point_no="S8") == [("S8", "C8", "2026-01-08", None)]
    first = (await kit.clerk.get("/v1/days-without-meter", params={"limit": 2})).json()
    assert [one["org_unit"] for one in first["items"]] == [UNIT, UNIT]
    assert await listed(kit, cursor=first["next_cursor"]) == [("S9", "C9", "2026-01-09", None)]
    other = kit.client("other", "reading:read", org_units=("zj/ningbo",))
    assert (await other.get("/v1/days-without-meter")).json()["items"] == []
