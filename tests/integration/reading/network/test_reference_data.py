"""Routes, points, meters and installations: put once, changed by their rules, refused with a code."""

import asyncio
from typing import Any

import pytest

from tests.kits.reading import ONE, UNIT, Kit


@pytest.mark.parametrize(
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


async def test_reference_data_is_put_idempotently_and_an_installed_meter_is_fixed(kit: Kit) -> None:
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
    meter = {"meter_no": "M0001", "org_unit": UNIT, "registers": list(ONE)}
    assert (await kit.put("meters", [meter]))[0]["status"] == "already_done"
    assert (await kit.put("meters", [meter | {"multiplier": 2}]))[0]["code"] == "reading.meter_fixed"
    (point,) = await kit.put("service-points", [{"service_point_no": "S9", "route_no": "R9"}])
    assert point["code"] == "reading.unknown_route"
    bad = await kit.clerk.put("/v1/routes/R2", json={"org_unit": UNIT, "read_day": 29})
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
        ("meters/M0001", meter | {"multiplier": 2}, 409, "reading.meter_fixed"),
        ("meters/M9", meter | {"registers": [*ONE, *ONE]}, 422, "reading.bad_register"),
        ("service-points/S9", {"route_no": "R9"}, 422, "reading.unknown_route"),
    ):
        answer = await kit.clerk.put(f"/v1/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
