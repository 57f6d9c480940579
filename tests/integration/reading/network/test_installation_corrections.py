"""Installations that were entered wrongly are corrected or annulled: reads follow, and what was said before stays readable."""

from typing import Any

import httpx

from tests.kits.effort import in_turn
from tests.kits.reading import ONE, THREE, UNIT, Kit

JAN = "2026-01-01"


def _item(meter_no: str = "M0001", point: str = "S0001", **more: Any) -> dict[str, Any]:
    item = {"service_point_no": point, "meter_no": meter_no, "installed_on": JAN, "unit": "kWh"}
    return item | {"opening": {"import": "100.00"}} | more


async def _correct(kit: Kit, at: str = f"M0001/{JAN}", **body: Any) -> httpx.Response:
    body = {"unit": "kWh", "reason": "mistyped"} | body
    return await kit.clerk.post(f"/v1/installations/{at}/correction", json=body)


async def _annul(kit: Kit, at: str = f"M0001/{JAN}") -> httpx.Response:
    return await kit.clerk.post(f"/v1/installations/{at}/annulment", json={"reason": "wrong_meter"})


async def _get(kit: Kit, at: str = f"M0001/{JAN}") -> dict[str, Any]:
    answer = await kit.clerk.get(f"/v1/installations/{at}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _shown(kit: Kit, read_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await kit.clerk.get(f"/v1/reads/{read_id}")).json()
    return found


async def _waiting(kit: Kit) -> list[str]:
    return [each["read_id"] for each in await kit.items("waiting-reads")]


async def test_registers_at_both_ends_days_and_multiplier_are_corrected_once_and_every_version_stays(kit: Kit) -> None:
    await kit.district()
    await kit.put("installations", [_item(removed_on="2026-02-10", closing={"import": "113.00"})])
    answers = [await _correct(kit, closing={"import": "1130.00"}, multiplier=30) for _ in range(2)]
    assert [(a.status_code, a.json()["status"]) for a in answers] == [(200, "done"), (200, "already_done")]
    await _correct(kit, opening={"import": "99.50"}, removed_on="2026-02-09")
    found = await _get(kit)
    assert (found["opening"], found["closing"]) == ({"import": "99.50"}, {"import": "1130.00"})
    assert (found["removed_on"], found["multiplier"], found["version"]) == ("2026-02-09", 30, 4)
    told = [(v["version"], v["kind"], v["reason"], v["actor"], v["multiplier"]) for v in found["versions"]]
    assert told == [
        (4, "corrected", "mistyped", "clerk", 30),
        (3, "corrected", "mistyped", "clerk", 30),
        (2, "removed", "", "clerk", 1),
        (1, "installed", "", "clerk", 1),
    ]
    params = {"entity_kind": "installation", "entity_id": f"M0001~{JAN}"}
    audit = (await kit.admin.get("/v1/audit-entries", params=params)).json()["items"]
    assert [(e["action"], e["reason"], e["before_version"], e["after_version"]) for e in audit] == [
        ("installation.corrected", "mistyped", 2, 3),
        ("installation.corrected", "mistyped", 3, 4),
    ]


async def test_a_removal_is_taken_back_and_the_meter_may_be_removed_again(kit: Kit) -> None:
    await kit.district()
    await kit.put("installations", [_item(removed_on="2026-02-10", closing={"import": "113.00"})])
    read_id = (await kit.push_one("M0001", "2026-03-01", "150.00"))["id"]
    assert await _waiting(kit) == [read_id]
    assert (await _correct(kit, removed_on=None)).json()["status"] == "done"
    found = await _get(kit)
    assert (found["removed_on"], found["closing"], await _waiting(kit)) == (None, None, [])
    removed = _item(removed_on="2026-02-11", closing={"import": "114.00"})
    assert [o["status"] for o in await kit.put("installations", [removed])] == ["done"]
    assert await _waiting(kit) == [read_id], "a removal told late lets the reads after it wait"


@in_turn(
    ("change", "status", "code"),
    [
        ({"unit": "Wh", "opening": {"import": "1.00"}}, 422, "reading.wrong_unit"),
        ({"opening": {"export": "1.00"}}, 422, "reading.unknown_register"),
        ({"opening": {"import": "1.000"}}, None, ""),
        ({"opening": {"import": "1.001"}}, 422, "reading.too_many_digits"),
        ({"removed_on": "2026-02-10"}, 422, "reading.missing_closing"),
        ({"closing": {"import": "1.00"}}, 422, "reading.missing_closing"),
        ({"installed_on": "2026-11-17"}, 422, "reading.in_the_future"),
        ({"removed_on": "2025-12-31", "closing": {"import": "1.00"}}, 422, "reading.bad_period"),
        ({"registers": list(THREE)}, 422, "reading.missing_register"),
        ({"registers": [{"quantity": "export", "digits": 8, "scale": 2}]}, 422, "reading.not_shown"),
        ({"registers": [{"quantity": "import", "digits": 3, "scale": 1}]}, 422, "reading.not_shown"),
        ({"registers": [{"quantity": "demand", "digits": 8, "scale": 2}]}, 422, "reading.bad_demand_name"),
    ],
)
async def test_a_bad_correction_is_refused(kit: Kit, change: dict[str, Any], status: int | None, code: str) -> None:
    await kit.district()
    answer = await _correct(kit, **change)
    assert (answer.status_code, answer.json().get("code", "")) == (status or 200, code)
    assert (await _get(kit))["version"] == (2 if status is None else 1)


async def test_a_correction_overlaps_no_other_and_is_seen_by_its_org_unit_alone(kit: Kit) -> None:
    await kit.district()
    await kit.put("meters", [{"meter_no": "M2", "org_unit": UNIT, "registers": list(ONE)}])
    await kit.put("installations", [_item(removed_on="2026-02-10", closing={"import": "113.00"})])
    await kit.put("installations", [_item("M2", installed_on="2026-02-10")])
    answer = await _correct(kit, removed_on=None)
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.installation_overlap")
    assert (await _correct(kit, at="M2/2026-02-10", installed_on="2026-02-09")).status_code == 409
    answer = await _correct(kit, at="M2/2026-02-11")
    assert (answer.status_code, answer.json()["code"]) == (404, "reading.unknown_installation")
    other = kit.client("other", "reading:read", "reading:write", org_units=["zj/ningbo"])
    assert (await other.get(f"/v1/installations/M0001/{JAN}")).status_code == 404
    assert (await other.get("/v1/installations")).json()["items"] == []
    for path in ("correction", "annulment"):
        answer = await other.post(f"/v1/installations/M0001/{JAN}/{path}", json={"reason": "mistyped"})
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.other_org_unit")


async def test_another_first_day_is_another_key_and_the_old_one_says_that_it_moved(kit: Kit) -> None:
    await kit.district()
    early = (await kit.push_one("M0001", "2026-01-03", "101.00"))["id"]
    answers = [(await _correct(kit, installed_on="2026-01-05")).json() for _ in range(2)]
    assert [(a["status"], a["id"]) for a in answers] == [
        ("done", "M0001~2026-01-05"),
        ("already_done", "M0001~2026-01-05"),
    ]
    old = await _get(kit)
    assert (old["annulled"], [v["kind"] for v in old["versions"]]) == (True, ["moved", "installed"])
    assert [v["kind"] for v in (await _get(kit, "M0001/2026-01-05"))["versions"]] == ["corrected"]
    assert await _waiting(kit) == [early]
    assert (await _correct(kit, opening={"import": "1.00"})).status_code == 404, "nothing stands there any more"
    assert (await _correct(kit, at="M0001/2026-01-05", installed_on=JAN)).json()["status"] == "done"
    assert [v["version"] for v in (await _get(kit))["versions"]] == [3, 2, 1]
    assert await _waiting(kit) == []
    listed = await kit.items("installations", meter_no="M0001", service_point_no="S0001")
    assert [(i["installed_on"], i["annulled"]) for i in listed] == [(JAN, False), ("2026-01-05", True)]
    assert await kit.items("installations", meter_no="M9") == []


async def test_an_installation_that_never_was_counts_nowhere_and_may_be_put_again(kit: Kit) -> None:
    await kit.district()
    read_id = (await kit.push_one("M0001", "2026-01-20", "101.00"))["id"]
    answers = [(await _annul(kit)).json()["status"] for _ in range(2)]
    assert answers == ["done", "already_done"]
    assert await _waiting(kit) == [read_id]
    assert (await kit.push_one("M0001", "2026-01-21", "102.00"))["status"] == "waiting"
    await kit.plan("2026-02-01")
    assert await kit.items("tasks") == []
    assert (await _correct(kit, opening={"import": "1.00"})).status_code == 404
    await kit.put("meters", [{"meter_no": "M2", "org_unit": UNIT, "registers": list(ONE)}])
    assert [o["status"] for o in await kit.put("installations", [_item("M2")])] == ["done"]
    assert [o["code"] for o in await kit.put("installations", [_item()])] == ["reading.installation_overlap"]
    await _annul(kit, f"M2/{JAN}")
    assert [o["status"] for o in await kit.put("installations", [_item(), _item()])] == ["done", "already_done"]
    found = await _get(kit)
    assert (found["annulled"], [v["kind"] for v in found["versions"]]) == (
        False,
        ["installed", "annulled", "installed"],
    )
    assert await _waiting(kit) == []


async def test_reads_show_by_corrected_faces_what_they_showed_before(kit: Kit) -> None:
    await kit.district()
    read_id = (await kit.push_one("M0001", "2026-01-20", "101.50"))["id"]
    body = {"unit": "kWh", "registers": {"import": "102.50"}, "reason": "misread"}
    await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=body)
    export = {"quantity": "export", "digits": 6, "scale": 0}
    finer = [export, {"quantity": "import", "digits": 9, "scale": 3}]
    answer = await _correct(kit, registers=finer, opening={"import": "100.005", "export": "7"})
    assert answer.json()["status"] == "done"
    found = await _shown(kit, read_id)
    assert (found["registers"], found["corrections"][0]["registers"]) == ({"import": "101.500"}, {"import": "102.500"})
    assert (await kit.push_one("M0001", "2026-01-21", {"import": "103.125", "export": "8"}))["status"] == "accepted"
    coarse = [export, {"quantity": "import", "digits": 8, "scale": 1}]
    opening = {"import": "100.0", "export": "7"}
    answer = await _correct(kit, registers=coarse, opening=opening)
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.not_shown")
    assert answer.json()["detail"] == "M0001~20260120T160000Z~remote"
    fewer = [{"quantity": "import", "digits": 9, "scale": 3}]
    assert (await _correct(kit, registers=fewer, opening={"import": "100.0"})).status_code == 409, "export was read"
    assert (await _get(kit))["version"] == 2


async def test_a_read_that_waits_keeps_what_it_showed_whatever_its_meter_is_put_with(kit: Kit) -> None:
    await kit.district()
    meter = {"org_unit": UNIT, "registers": [{"quantity": "import", "digits": 8, "scale": 1}]}
    await kit.clerk.put("/v1/meters/M7", json=meter)
    waiting = (await kit.push_one("M7", "2026-02-20", "12.5"))["id"]
    finer = {"org_unit": UNIT, "registers": [{"quantity": "import", "digits": 9, "scale": 3}]}
    assert (await kit.clerk.put("/v1/meters/M7", json=finer)).status_code == 200
    assert (await _shown(kit, waiting))["registers"] == {"import": "12.500"}
    refused = await kit.clerk.put(
        "/v1/meters/M7", json={"org_unit": UNIT, "registers": [meter["registers"][0] | {"scale": 0}]}
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "reading.not_shown")
    standing = (await kit.push_one("M0001", "2026-02-20", "112.50"))["id"]
    await kit.clerk.put("/v1/meters/M0001", json=finer)
    await kit.put("installations", [_item(removed_on="2026-02-10", closing={"import": "110.00"})])
    assert await _waiting(kit) == [standing, waiting]
    assert (await _shown(kit, standing))["registers"] == {"import": "112.500"}, (
        "it is shown by the meter's own faces now"
    )
    await _annul(kit)
    await kit.put("installations", [_item(opening={"import": "100.005"})])
    assert (await _shown(kit, standing))["registers"] == {"import": "112.500"}


async def test_a_correction_that_makes_registers_suspect_names_them_and_is_done_where_it_is_confirmed(kit: Kit) -> None:
    await kit.district()
    for month, shown in (("2026-02-01", "131.00"), ("2026-03-01", "159.00")):
        await kit.plan(month)
        await kit.push_one("M0001", month, shown)
    answer = await _correct(kit, opening={"import": "170.00"})
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.makes_suspect")
    assert answer.json()["detail"] == f"M0001~{JAN}~opening"
    assert (await _get(kit))["version"] == 1
    assert len(await kit.usages()) == 2
    assert (await _correct(kit, opening={"import": "170.00"}, confirm=True)).json()["status"] == "done"
    assert [f["code"] for f in await kit.items("findings")] == ["reading.contradicted"]
    assert (await _correct(kit, opening={"import": "100.00"})).json()["status"] == "done"
    assert (await kit.energies())[0::3] == [("2026-02-01", 1, "actual", 31_000), ("2026-03-01", 1, "actual", 28_000)]


async def test_what_a_connection_can_carry_decides_anew_what_is_possible(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "9100.00")
    assert [each[1:] for each in await kit.energies()] == [(1, "actual", 9_000_000)]
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R1", "connection_kw": 8}])
    assert [f["code"] for f in await kit.items("findings")] == ["reading.impossible_usage"]
    assert [each[1:] for each in await kit.energies()] == [(1, "actual", 9_000_000), (2, "actual", 0)]


async def test_a_read_brings_the_register_that_was_added_since_and_nothing_where_it_says_otherwise(kit: Kit) -> None:
    await kit.district()
    days = ("2026-01-20", "2026-01-21")
    ids = [(await kit.push_one("M0001", day, "101.50"))["id"] for day in days]
    export = {"quantity": "export", "digits": 6, "scale": 0}
    await _correct(kit, registers=[*ONE, export], opening={"import": "100.00", "export": "0"})
    outcomes = [
        await kit.push_one("M0001", day, {"import": value, "export": "8"})
        for day, value in ((days[0], "101.50"), (days[0], "101.50"), (days[1], "101.51"), (days[0], "101.51"))
    ]
    told = ["accepted", "already_accepted", "conflicting_duplicate", "conflicting_duplicate"]
    assert [outcome["status"] for outcome in outcomes] == told
    shown = [(await _shown(kit, read_id))["registers"] for read_id in ids]
    assert shown == [{"import": "101.50", "export": "8"}, {"import": "101.50"}]
