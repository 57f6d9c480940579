"""Targets: set by month and unit, kept as versions, by whom and when; a past month's stay. On both databases."""

from typing import Any

from tests.kits.collection import Kit

UNIT = "zj/hangzhou"


async def put(kit: Kit, *items: dict[str, Any], by: Any = None) -> list[str]:
    answer = await (by or kit.clerk).put("/v1/targets", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return [one.get("code") or one["status"] for one in answer.json()["outcomes"]]


def target(rate_bp: int, month: str = "2026-04", **unit: str) -> dict[str, Any]:
    return {"month": month, "org_unit": UNIT, "rate_bp": rate_bp, **unit}


async def test_a_target_that_is_set_anew_is_a_version_of_its_own_and_audited(kit: Kit) -> None:
    assert await put(kit, target(9_500), target(9_900, route_no="R1"), target(10_000, team="T1")) == ["done"] * 3
    assert await put(kit, target(9_500)) == ["already_done"]
    assert await put(kit, target(9_800), by=kit.second) == ["done"]

    rows = (await kit.clerk.get("/v1/targets?month=2026-04")).json()["items"]
    assert [(r["unit_kind"], r["unit"], r["version"], r["rate_bp"], r["set_by"], r["set_on"]) for r in rows] == [
        ("org_unit", UNIT, 1, 9_500, "clerk", "2026-04-15"),
        ("org_unit", UNIT, 2, 9_800, "second", "2026-04-15"),
        ("route", "R1", 1, 9_900, "clerk", "2026-04-15"),
        ("team", "T1", 1, 10_000, "clerk", "2026-04-15"),
    ]
    last = (await kit.clerk.get("/v1/targets?last=true")).json()["items"]
    assert [(row["unit"], row["version"]) for row in last] == [(UNIT, 2), ("R1", 1), ("T1", 1)]
    about = {"entity_kind": "target", "entity_id": f"2026-04~org_unit~{UNIT}"}
    entries = (await kit.admin.get("/v1/audit-entries", params=about)).json()["items"]
    assert [(entry["actor"], entry["after"]["target"][0]["rate_bp"]) for entry in entries] == [
        ("clerk", 9_500),
        ("second", 9_800),
    ]


async def test_the_target_of_a_past_month_stays(kit: Kit) -> None:
    assert await put(kit, target(9_500, "2026-03")) == ["target.month_past"]
    assert await put(kit, target(9_500, "2026-04"), target(9_500, "2026-05")) == ["done", "done"]


async def test_nobody_sets_a_target_of_another_org_unit(kit: Kit) -> None:
    ningbo = kit.client("ningbo", "collection:write", org_units=["zj/ningbo"])
    await put(kit, target(9_500, route_no="R1"))

    assert await put(kit, target(9_000), by=ningbo) == ["auth.other_org_unit"]
    assert await put(kit, target(9_000, route_no="R1") | {"org_unit": "zj/ningbo"}, by=ningbo) == [
        "auth.other_org_unit"
    ]
    assert (await ningbo.get("/v1/targets")).status_code == 200
    assert (await ningbo.get("/v1/targets")).json()["items"] == []


async def test_what_is_no_target_is_refused_with_its_place(kit: Kit) -> None:
    wrong = [
        target(0),
        target(10_001),
        target(9_500) | {"rate_bp": 95.5},
        target(9_500, route_no="R1", team="T1"),
        target(9_500, "2026-13"),
    ]
    for one in wrong:
        answer = await kit.clerk.put("/v1/targets", json={"items": [one]})
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid"), answer.text
    assert await put(kit, target(9_000), target(9_100)) == ["request.repeated_in_batch"] * 2
