"""Bad input: each with its code, and nothing changed."""

import asyncio
from typing import Any

import pytest

from shared.events.billing import AccountChanged, Contract
from shared.web import auth
from tests.reading_kit import KEY, ONE, UNIT, Kit, midnight, read

GOOD = read("M0001", "2026-02-01", "150.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"meter_no": "M9999"}, "reading.unknown_meter"),
        ({"registers": {"import": "1.00", "export": "1.00"}}, "reading.unknown_register"),
        ({"registers": {"export": "1.00"}}, "reading.unknown_register"),
        ({"registers": {}}, "reading.malformed_item"),
        ({"read_at": midnight("2026-11-17")}, "reading.in_the_future"),
        ({"read_at": "2026-02-01T00:00:00"}, "reading.bad_time"),
        ({"read_at": "2026-02-01T00:00:00.5+08:00"}, "reading.bad_time"),
        ({"read_at": "yesterday"}, "reading.bad_time"),
        ({"read_at": midnight("1999-02-01")}, "reading.bad_time"),
        ({"read_at": "0001-01-01T00:00:00+14:00"}, "reading.bad_time"),
        ({"registers": {"import": "1000000.00"}}, "reading.too_many_digits"),
        ({"registers": {"import": "1.001"}}, "reading.too_many_digits"),
        ({"registers": {"import": "-1.00"}}, "reading.negative"),
        ({"registers": {"import": "1e3"}}, "reading.malformed_value"),
        ({"registers": {"import": 150.0}}, "reading.malformed_item"),
        ({"source": "site", "reader": "clerk"}, "reading.reader_is_uploader"),
        ({"unit": "Wh"}, "reading.wrong_unit"),
        ({"source": "estimated"}, "reading.unknown_source"),
        ({"read_at": midnight("2025-12-31")}, "reading.not_installed"),
        ({"colour": "red"}, "reading.malformed_item"),
        ({"meter_no": 7}, "reading.malformed_item"),
    ],
)
async def test_a_bad_item_is_refused_with_its_code_and_its_neighbours_are_taken(
    kit: Kit, change: dict[str, Any], code: str
) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    before = await kit.counts()
    (outcome,) = await kit.push(GOOD | change)
    assert (outcome["status"], outcome["code"]) == ("refused", code)
    assert await kit.counts() == before
    outcomes = await kit.push(GOOD | change, GOOD)
    assert [each["status"] for each in outcomes] == ["refused", "accepted"]


async def test_a_read_without_all_registers_of_its_meter_is_refused(kit: Kit) -> None:
    await kit.district(registers=[*ONE, {"quantity": "export", "digits": 8, "scale": 2}])
    outcome = await kit.push_one("M0001", "2026-02-01", "150.00")
    assert outcome["code"] == "reading.missing_register"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "request.malformed_json"),
        (b"[]", 422, "request.invalid"),
        (b'{"items": 1}', 422, "request.invalid"),
        (b'{"items": [], "more": 1}', 422, "request.invalid"),
        (b'{"items": [' + b"{}," * 1000 + b"{}]}", 422, "request.invalid"),
        (b" " * (4 * 1024 * 1024 + 1), 413, "request.body_too_large"),
    ],
)
async def test_a_body_that_is_no_batch_is_refused_as_a_whole(kit: Kit, body: bytes, status: int, code: str) -> None:
    answer = await kit.clerk.post("/v1/reads", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_reads_of_another_org_unit_are_refused_and_its_objects_are_not_shown(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    other = kit.client("other", "reading:upload", "reading:read", "reading:write", org_units=["zj/ningbo"])
    before = await kit.counts()
    answer = await other.post("/v1/reads", json={"items": [GOOD]})
    assert answer.json()["outcomes"][0]["code"] == "reading.other_org_unit"
    assert await kit.counts() == before
    await kit.push(GOOD)
    for path in ("routes", "tasks", "usages", "findings", "service-points"):
        assert (await other.get(f"/v1/{path}")).json()["items"] == []
    read_id = "M0001~20260131T160000Z~remote"
    assert (await other.get(f"/v1/reads/{read_id}")).status_code == 404
    correction = {"unit": "kWh", "registers": {"import": "140.00"}, "reason": "misread"}
    assert (await other.post(f"/v1/reads/{read_id}/correction", json=correction)).status_code == 404
    route = await other.put("/v1/routes/R1", json={"org_unit": "zj/ningbo", "read_day": 2})
    assert (route.status_code, route.json()["code"]) == (409, "reading.refused")


async def test_a_missing_scope_an_expired_and_a_forged_token_are_refused(kit: Kit) -> None:
    await kit.district()
    before = await kit.counts()
    reader = kit.client("reader", "reading:read")
    assert (await reader.post("/v1/reads", json={"items": [GOOD]})).status_code == 403
    minted = {"audience": "wattline", "subject": "x", "scopes": ["reading:upload"]}
    expired = auth.mint(key=KEY, now=1.0, **minted)  # type: ignore[arg-type]
    forged = auth.mint(key="f" * 40, **minted)  # type: ignore[arg-type]
    for token, code in ((expired, "auth.expired_token"), (forged, "auth.invalid_token")):
        answer = await kit.bare({"Authorization": f"Bearer {token}"}).post("/v1/reads", json={"items": [GOOD]})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await kit.counts() == before


async def test_a_device_pushes_for_its_org_unit_and_each_message_once(kit: Kit) -> None:
    await kit.district()
    await kit.clerk.put("/v1/devices/headend-1", json={"org_unit": "zj"})
    await kit.clerk.put("/v1/devices/headend-2", json={"org_unit": "zj/ningbo"})
    await kit.clerk.put("/v1/devices/other-meter", json={"org_unit": "zj", "meter_no": "M9"})
    for device_id in ("headend-2", "other-meter"):
        answer = await kit.push_as_device(device_id, GOOD)
        assert answer.json()["outcomes"][0]["code"] == "reading.other_org_unit"
    nonce = "n" * 20
    answer = await kit.push_as_device("headend-1", GOOD, nonce=nonce)
    assert answer.json()["outcomes"][0]["status"] == "accepted"
    replayed = await kit.push_as_device("headend-1", GOOD, nonce=nonce)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "auth.replayed_message")
    again = await kit.push_as_device("headend-1", GOOD)
    assert again.json()["outcomes"][0]["status"] == "already_accepted"
    wrong_key = await kit.push_as_device("headend-1", GOOD, key_version=2)
    assert (wrong_key.status_code, wrong_key.json()["code"]) == (401, "auth.invalid_signature")
    site = await kit.push_as_device("headend-1", GOOD | {"source": "site"})
    assert site.json()["outcomes"][0]["code"] == "reading.unknown_source"


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
    assert [o["status"] for o in await kit.put("routes", [route, route])] == ["already_done", "refused"]
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
    assert codes <= {"reading.changed_meanwhile"}
    assert [entry["after_version"] for entry in audit.json()["items"]] == list(range(1, done + 1))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"values": [1] * 47}, "reading.curve_gap"),
        ({"values": [-1, *[1] * 47]}, "reading.negative"),
        ({"interval_minutes": 20}, "reading.bad_interval"),
        ({"unit": "kWh"}, "reading.wrong_unit"),
        ({"quantity": "export"}, "reading.unknown_register"),
        ({"day": "2026-12-01"}, "reading.in_the_future"),
        ({"day": "2025-12-01"}, "reading.not_installed"),
        ({"meter_no": "M9"}, "reading.unknown_meter"),
    ],
)
async def test_a_bad_curve_is_refused(kit: Kit, change: dict[str, Any], code: str) -> None:
    await kit.district()
    before = await kit.counts()
    good = {"meter_no": "M0001", "day": "2026-01-10", "unit": "Wh", "interval_minutes": 30, "values": [1] * 48}
    answer = await kit.clerk.post("/v1/curves", json={"items": [good | change]})
    assert answer.json()["outcomes"][0]["code"] == code
    assert await kit.counts() == before


@pytest.mark.parametrize(
    "body", [b"", b"meter,read_at\n", b"meter_no,read_at,import,import\n", b"\xff\xfe", b'meter_no,read_at\n"a,b']
)
async def test_a_file_that_is_no_csv_of_reads_is_refused_as_a_whole(kit: Kit, body: bytes) -> None:
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content=body, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_dates_at_the_edges_of_the_calendar_are_answered_not_failed(kit: Kit) -> None:
    await kit.district()
    for day in ("0001-01-01", "9999-12-31"):
        for job in ("plan-cycles", "close-routes"):
            run = await kit.admin.post(f"/v1/jobs/{job}/runs", json={"business_date": day})
            assert run.status_code == (200 if day < "2026" else 422)
        await kit.give(
            AccountChanged(
                version=1,
                account_no="A1",
                org_unit="zj",
                customer_class="home",
                opened_on=day,
                contracts=(Contract.model_validate({"contract_no": day, "service_point_no": "S0001", "from": day}),),
            )
        )
        installation = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": day, "unit": "kWh"}
        (outcome,) = await kit.put("installations", [installation | {"opening": {"import": "1.00"}}])
        assert outcome["code"] == ("reading.bad_period" if day < "2026" else "reading.in_the_future")
        curve = {"meter_no": "M0001", "day": day, "unit": "Wh", "interval_minutes": 30, "values": [1] * 48}
        answer = await kit.clerk.post("/v1/curves", json={"items": [curve]})
        assert answer.json()["outcomes"][0]["status"] == "refused"
        assert (await kit.clerk.get(f"/v1/curves/M0001/{day}")).status_code == 404
    for read_id in ("M0001~00010101T000000Z~remote", "M0001~99991231T235959Z~remote", "x"):
        assert (await kit.clerk.get(f"/v1/reads/{read_id}")).status_code == 404
        correction = {"unit": "kWh", "registers": {"import": "140.00"}, "reason": "misread"}
        assert (await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=correction)).status_code == 404
