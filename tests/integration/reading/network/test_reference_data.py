"""Routes, points, meters and installations: put once, changed by their rules, refused with a code."""

import asyncio
from typing import Any

from tests.kits.effort import in_turn
from tests.kits.reading import ONE, UNIT, Kit, read

DEMAND = {"quantity": "demand", "digits": 6, "scale": 4, "kind": "demand"}


@in_turn(
    ("change", "code"),
    [
        ({"service_point_no": "S9"}, "reading.unknown_service_point"),
        ({"meter_no": "M9"}, "reading.unknown_meter"),
        ({"unit": "Wh"}, "reading.wrong_unit"),
        ({"opening": {"export": "1.00"}}, "reading.unknown_register"),
        ({"removed_on": "2026-03-01"}, "reading.missing_closing"),
        ({"removed_on": "2026-02-10", "closing": {"import": "2.00"}}, "reading.bad_period"),
        ({"installed_on": "2026-11-17"}, "reading.in_the_future"),
        ({"removed_on": "2026-11-17", "closing": {"import": "2.00"}}, "reading.in_the_future"),
        ({}, "reading.installation_overlap"),
    ],
)
async def test_a_bad_installation_is_refused(kit: Kit, change: dict[str, Any], code: str) -> None:
    await kit.district()
    await kit.put("meters", [{"meter_no": "M2", "org_unit": UNIT, "registers": list(ONE)}])
    good = {"service_point_no": "S0001", "meter_no": "M2", "installed_on": "2026-02-11", "unit": "kWh"}
    (outcome,) = await kit.put("installations", [good | {"opening": {"import": "1.00"}} | change])
    assert (outcome["status"], outcome["code"]) == ("refused", code)


async def test_an_installation_changes_once_by_its_removal_and_never_otherwise(kit: Kit) -> None:
    await kit.district()
    there = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    there |= {"opening": {"import": "100.00"}}
    removed = there | {"removed_on": "2026-02-11", "closing": {"import": "120.00"}}
    statuses = []
    for item in (there, there | {"opening": {"import": "101.00"}}, removed, removed, there):
        (outcome,) = await kit.put("installations", [item])
        statuses.append(outcome["status"])
    assert statuses == ["already_done", "conflicting_duplicate", "done", "already_done", "conflicting_duplicate"]


async def test_reference_data_is_put_idempotently(kit: Kit) -> None:
    await kit.district()
    route = {"route_no": "R1", "org_unit": UNIT, "read_day": 1}
    assert [o["status"] for o in await kit.put("routes", [route])] == ["already_done"]
    assert [o["code"] for o in await kit.put("routes", [route, route])] == ["request.repeated_in_batch"] * 2
    assert (await kit.put("routes", [route | {"read_day": 2}]))[0]["status"] == "done"
    assert (await kit.items("routes"))[0]["read_day"] == 2
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "route", "entity_id": "R1"})
    assert [(e["actor"], e["before_version"], e["after_version"]) for e in audit.json()["items"]] == [
        ("clerk", None, 1),
        ("clerk", 1, 2),
    ]
    moved = audit.json()["items"][1]
    assert [[day["read_day"] for day in moved[side]["read_day"]] for side in ("before", "after")] == [[1], [2]]
    meter = {"meter_no": "M0001", "org_unit": UNIT, "registers": list(ONE)}
    assert (await kit.put("meters", [meter]))[0]["status"] == "already_done"
    (point,) = await kit.put("service-points", [{"service_point_no": "S9", "route_no": "R9"}])
    assert point["code"] == "reading.unknown_route"
    bad = await kit.clerk.put("/v1/routes/R2", json={"org_unit": UNIT, "read_day": 32})
    assert bad.status_code == 422


async def test_of_two_who_put_the_same_new_route_at_once_one_makes_it_and_no_version_is_lost(kit: Kit) -> None:
    def route(n: int) -> dict[str, Any]:
        return {"route_no": "R7", "org_unit": UNIT, "read_day": n}

    answers = await asyncio.gather(*(kit.put("routes", [route(n)]) for n in range(1, 6)))
    codes = {outcome.get("code") for (outcome,) in answers if outcome["status"] == "refused"}
    done = sum(outcome["status"] == "done" for (outcome,) in answers)
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "route", "entity_id": "R7"})
    assert codes <= {"request.changed_meanwhile"}
    assert [entry["after_version"] for entry in audit.json()["items"]] == list(range(1, done + 1))


async def test_one_object_that_is_refused_is_answered_with_the_status_of_its_code(kit: Kit) -> None:
    await kit.district()
    meter = {"org_unit": UNIT, "registers": list(ONE)}
    for path, body, status, code in (
        ("meters/M9", meter | {"registers": [*ONE, *ONE]}, 422, "reading.bad_register"),
        ("meters/M9", meter | {"registers": [DEMAND]}, 422, "reading.bad_register"),
        ("meters/M9", meter | {"registers": [*ONE, DEMAND | {"direction": "down"}]}, 422, "reading.bad_register"),
        ("meters/M9", meter | {"registers": [*ONE, DEMAND | {"quantity": "peak"}]}, 422, "reading.bad_demand_name"),
        ("meters/M9", meter | {"registers": [ONE[0] | {"quantity": "demand"}]}, 422, "reading.bad_demand_name"),
        ("service-points/S9", {"route_no": "R9"}, 422, "reading.unknown_route"),
    ):
        answer = await kit.clerk.put(f"/v1/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_meter_may_be_put_with_other_registers_and_standing_installations_keep_theirs(kit: Kit) -> None:
    await kit.district()
    other = {"org_unit": UNIT, "registers": [{"quantity": "import", "digits": 9, "scale": 3}]}
    answer = await kit.clerk.put("/v1/meters/M0001", json=other)
    assert (answer.status_code, answer.json()["code"]) == (200, "reading.installed_unchanged")
    assert "code" not in (await kit.clerk.put("/v1/meters/M0002", json=other)).json(), "it stands nowhere"

    fine = read("M0001", "2026-02-01", "200.125")
    (standing,) = await kit.push(fine)
    assert standing["code"] == "reading.too_many_digits", "what stands has the faces that it was installed with"
    gone = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    gone |= {"opening": {"import": "100.00"}, "removed_on": "2026-02-10", "closing": {"import": "210.00"}}
    assert [o["status"] for o in await kit.put("installations", [gone])] == ["done"]
    back = gone | {"installed_on": "2026-02-12", "opening": {"import": "0.125"}, "removed_on": None, "closing": None}
    assert [o["status"] for o in await kit.put("installations", [back])] == ["done"]
    assert (await kit.push_one("M0001", "2026-03-01", "20.125"))["status"] == "accepted"
    assert (await kit.push_one("M0001", "2026-02-09", "205.125"))["code"] == "reading.too_many_digits"

    read_id = (await kit.push_one("M0001", "2026-02-05", "203.25"))["id"]
    assert (await kit.clerk.get(f"/v1/reads/{read_id}")).json()["registers"] == {"import": "203.25"}


async def test_a_meter_has_demand_registers_in_kw_and_registers_that_count_down(kit: Kit) -> None:
    down = {"quantity": "export", "digits": 8, "scale": 2, "direction": "down"}
    await kit.district(registers=[*ONE, down, DEMAND], opening="10.00")
    outcome = await kit.push_one("M0001", "2026-02-01", {"import": "12", "export": "9", "demand": "3.1415"})
    assert outcome["status"] == "accepted"
    shown = (await kit.clerk.get(f"/v1/reads/{outcome['id']}")).json()["registers"]
    assert shown == {"import": "12.00", "export": "9.00", "demand": "3.1415"}
    meter = {"meter_no": "M0001", "org_unit": UNIT, "registers": [*ONE, down, DEMAND]}
    assert [o["status"] for o in await kit.put("meters", [meter])] == ["already_done"]


async def test_a_point_may_say_what_its_connection_can_carry(kit: Kit) -> None:
    await kit.district(meters=2)
    point = {"route_no": "R1", "connection_kw": 8}
    for status in ("done", "already_done"):
        assert (await kit.clerk.put("/v1/service-points/S0001", json=point)).json()["status"] == status
    assert [p["connection_kw"] for p in await kit.items("service-points")] == [8, None]
    assert (await kit.clerk.put("/v1/service-points/S0001", json=point | {"connection_kw": 0})).status_code == 422


async def test_a_clerk_installs_no_meter_of_another_org_unit_and_none_for_no_day(kit: Kit) -> None:
    await kit.district()
    theirs = {"meter_no": "M9", "org_unit": "sc/chengdu", "registers": ONE}
    assert [o["status"] for o in await kit.put("meters", [theirs])] == ["done"]
    item = {"service_point_no": "S0001", "installed_on": "2026-03-01", "unit": "kWh", "opening": {"import": "0.00"}}
    body = {"items": [item | {"meter_no": "M9"}]}
    answer = await kit.client("clerk-2", "reading:write", org_units=("zj",)).put("/v1/installations", json=body)
    assert [o["code"] for o in answer.json()["outcomes"]] == ["auth.other_org_unit"]
    ends = {"removed_on": "2026-03-01", "closing": {"import": "0.00"}}
    assert [o["code"] for o in await kit.put("installations", [item | {"meter_no": "M9"} | ends])] == [
        "reading.bad_period"
    ]
