"""Rotation is proposed by policy and becomes effective only where a person accepts what was seen."""

from typing import Any

from tests.integration.reading.readers.test_assigning import assigned, deputy, put
from tests.kits.reading import UNIT, Kit

ROUTES = {"R1": "anna", "R2": "bert", "R3": "cleo", "R4": "anna"}
YEAR = [f"{2025 + month // 12}-{month % 12 + 1:02d}-01" for month in range(1, 14)]  # 2025-02 to 2026-02


async def town(kit: Kit, months: int = 12) -> None:
    """Four routes, planned for some months; R3 changed its reader in the middle of them."""
    await kit.put("routes", [{"route_no": no, "org_unit": UNIT, "read_day": 1} for no in ROUTES])
    for day in YEAR[:months]:
        await kit.plan(day)
    rows = [assigned(reader, "2025-01-01", route_no=no) for no, reader in ROUTES.items() if no != "R3"]
    rows += [assigned("dora", "2025-01-01", "2025-06-15", route_no="R3"), assigned("cleo", "2025-06-15", route_no="R3")]
    assert set(await put(kit, *rows)) == {"done"}


async def proposal(kit: Kit, day: str = "2026-12-01", unit: str = UNIT, client: Any = None) -> Any:
    answer = await (client or kit.clerk).get("/v1/reader-rotations", params={"org_unit": unit, "from": day})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def accept(kit: Kit, content_hash: str, day: str = "2026-12-01") -> tuple[int, Any]:
    body = {"org_unit": UNIT, "from": day, "content_hash": content_hash}
    answer = await kit.clerk.post("/v1/reader-rotations/acceptances", json=body)
    return answer.status_code, answer.json()


def changes(found: Any) -> list[tuple[str, str, int, str | None, str | None]]:
    names = "route_no", "reader", "cycles", "other_route_no", "other_reader"
    return [tuple(each[name] for name in names) for each in found["changes"]]  # type: ignore[misc]


async def readers(kit: Kit, day: str) -> dict[str, str]:
    return {row["route_no"]: row["reader"] for row in await kit.items("route-readers", on=day)}


async def test_who_has_read_a_route_for_too_long_should_change_with_another_reader_of_the_unit(kit: Kit) -> None:
    await town(kit)
    # twelve cycles in a row: R1, R2 and R4 are due; R4 changes with R3, whose reader is the only other one left
    assert changes(await proposal(kit)) == [("R1", "anna", 12, "R2", "bert"), ("R4", "anna", 12, "R3", "cleo")]
    assert await readers(kit, "2026-12-01") == ROUTES


async def test_one_cycle_less_is_not_too_long(kit: Kit) -> None:
    await town(kit, months=11)
    assert changes(await proposal(kit)) == []


async def test_a_deputy_ends_nobody_s_row_of_cycles(kit: Kit) -> None:
    await town(kit)
    await put(kit, deputy("emil", "2025-09-01", "2025-09-02"))
    assert changes(await proposal(kit))[0] == ("R1", "anna", 12, "R2", "bert")


async def test_a_unit_with_one_reader_has_nobody_to_change_with_and_says_so(kit: Kit) -> None:
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}])
    for day in YEAR:
        await kit.plan(day)
    await put(kit, assigned("anna", "2025-01-01"))
    found = await proposal(kit)
    assert changes(found) == [("R1", "anna", 12, None, None)]
    assert (await accept(kit, found["content_hash"]))[0] == 200
    assert await readers(kit, "2026-12-01") == {"R1": "anna"}


async def test_what_was_seen_is_accepted_and_begins_on_its_day(kit: Kit) -> None:
    await town(kit)
    found = await proposal(kit)
    status, answer = await accept(kit, found["content_hash"])
    assert (status, answer) == (200, found)
    assert await readers(kit, "2026-11-30") == ROUTES
    assert await readers(kit, "2026-12-01") == {"R1": "bert", "R2": "anna", "R3": "anna", "R4": "cleo"}
    assert changes(await proposal(kit)) == []
    assert (await accept(kit, found["content_hash"]))[1]["code"] == "reading.rotation_changed"


async def test_what_is_another_proposal_by_now_is_refused_and_so_is_a_day_that_is_past(kit: Kit) -> None:
    await town(kit)
    seen = (await proposal(kit))["content_hash"]
    await put(kit, assigned("bert", "2025-01-01", "2026-11-20", route_no="R2"))
    await put(kit, assigned("emil", "2026-11-20", route_no="R2"))
    status, answer = await accept(kit, seen)
    assert (status, answer["code"]) == (412, "reading.rotation_changed")
    past = await proposal(kit, "2026-11-14")
    status, answer = await accept(kit, past["content_hash"], "2026-11-14")
    assert (status, answer["code"]) == (422, "reading.rotation_in_the_past")
    assert (await readers(kit, "2026-12-01"))["R1"] == "anna"


async def test_a_unit_of_another_bureau_is_not_looked_at(kit: Kit) -> None:
    foreign = kit.client("chief", "reading:read", "reading:write", org_units=["zj/ningbo"])
    query = {"org_unit": UNIT, "from": "2026-12-01"}
    assert (await foreign.get("/v1/reader-rotations", params=query)).status_code == 404
    body = query | {"content_hash": "0" * 64}
    assert (await foreign.post("/v1/reader-rotations/acceptances", json=body)).status_code == 404
