"""Keys of devices over REST: made, replaced with an overlap, revoked, and shown once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from services.__main__ import main as command
from services.command import local
from services.reading import main
from services.reading.network import tables
from services.reading.network.domain import device_keys
from services.reading.network.schemas import KEYS_ITEMS_MAX
from services.reading.settings import ReadingSettings
from shared.bus.embedded import EmbeddedEventLog
from shared.web import devices
from tests.kits import databases, live
from tests.kits.reading import KEY, Kit, Statements, read, running

GOOD = read("M0001", "2026-02-01", "150.00")
HEAD_END = "headend-1"
IN_A_WEEK = "2026-11-22T04:00:00+00:00"


async def status(kit: Kit, key: dict[str, Any], device_id: str = HEAD_END) -> int:
    answer = await kit.push_as_device(device_id, GOOD, key=bytes.fromhex(key["key"]))
    return answer.status_code


async def made(kit: Kit, items: Sequence[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    keeper = kit.client("keeper", "reading:keys", **options)
    answer = await keeper.post("/v1/device-keys", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["outcomes"]
    return found


async def revoked(kit: Kit, *items: dict[str, Any]) -> list[tuple[str, str | None]]:
    body = {"items": [{"reason": "stolen"} | item for item in items]}
    answer = await kit.keeper.post("/v1/device-key-revocations", json=body)
    return [(each["status"], each.get("code")) for each in answer.json()["outcomes"]]


@pytest.fixture(autouse=True)
async def head_end(kit: Kit) -> None:
    await kit.district()
    await kit.clerk.put(f"/v1/devices/{HEAD_END}", json={"org_unit": "zj"})


async def test_a_device_without_a_key_is_refused_and_with_one_is_taken(kit: Kit) -> None:
    for guessed in ("", "1", HEAD_END):
        refused = await kit.push_as_device(HEAD_END, GOOD, key=devices.key_of(KEY, HEAD_END, guessed))
        assert (refused.status_code, refused.json()["code"]) == (401, "auth.invalid_signature")
    key = await kit.make_key(HEAD_END)
    assert len(bytes.fromhex(key["key"])) == 32
    assert await status(kit, key) == 200


async def test_the_key_of_one_device_is_not_that_of_another(kit: Kit) -> None:
    await kit.device("headend-2")
    key = await kit.make_key(HEAD_END)
    assert await status(kit, key, "headend-2") == 401


async def test_without_an_overlap_a_new_key_ends_the_old_one_at_once(kit: Kit) -> None:
    old, new = await kit.make_key(HEAD_END), await kit.make_key(HEAD_END)
    assert old["key"] != new["key"]
    assert [await status(kit, key) for key in (old, new)] == [401, 200]


async def test_both_keys_are_taken_until_the_end_of_the_overlap(kit: Kit) -> None:
    old = await kit.make_key(HEAD_END)
    new = await kit.make_key(HEAD_END, overlap_until=IN_A_WEEK)
    assert [await status(kit, key) for key in (old, new)] == [200, 200]
    kit.clock.at += timedelta(days=7, seconds=-1)
    assert [await status(kit, key) for key in (old, new)] == [200, 200]
    kit.clock.at += timedelta(seconds=1)
    assert [await status(kit, key) for key in (old, new)] == [401, 200]


async def test_no_more_than_two_keys_are_live_and_a_lost_answer_is_no_dead_end(kit: Kit) -> None:
    first = await kit.make_key(HEAD_END)
    lost = await kit.make_key(HEAD_END, overlap_until=IN_A_WEEK)
    answer = await kit.keeper.post(f"/v1/devices/{HEAD_END}/keys", json={"overlap_until": IN_A_WEEK})
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.too_many_device_keys")
    assert await revoked(kit, {"device_id": HEAD_END, "key_id": lost["key_id"]}) == [("done", None)]
    again = await kit.make_key(HEAD_END, overlap_until=IN_A_WEEK)
    assert [await status(kit, key) for key in (first, lost, again)] == [200, 401, 200]


async def test_an_overlap_does_not_put_off_the_end_of_a_key(kit: Kit) -> None:
    await kit.make_key(HEAD_END)
    lost = await kit.make_key(HEAD_END, overlap_until=IN_A_WEEK)
    await revoked(kit, {"device_id": HEAD_END, "key_id": lost["key_id"]})
    await kit.make_key(HEAD_END, overlap_until="2026-12-31T00:00:00+08:00")
    shown = (await kit.clerk.get(f"/v1/devices/{HEAD_END}/keys")).json()["items"]
    ends = [item["ends_at"] and datetime.fromisoformat(item["ends_at"]) for item in shown]
    assert sorted(ends, key=str) == [kit.clock.at, datetime.fromisoformat(IN_A_WEEK), None]


async def test_the_master_key_is_replaced_while_devices_still_sign_with_keys_of_the_previous_one(
    kit: Kit, database_url: str, tmp_path: Path
) -> None:
    old = await kit.make_key(HEAD_END)
    replaced = {"WATTLINE_DEVICE_MASTER_KEY": "n" * 40}
    async with running(database_url, tmp_path, **replaced, WATTLINE_DEVICE_MASTER_KEY_PREVIOUS=KEY) as both:
        new = await both.make_key(HEAD_END, overlap_until=IN_A_WEEK)
        assert [await status(both, key) for key in (old, new)] == [200, 200]
        both.clock.at += timedelta(days=7)
        assert [await status(both, key) for key in (old, new)] == [401, 200]
    async with running(database_url, tmp_path, **replaced, WATTLINE_DEVICE_MASTER_KEY_PREVIOUS="") as one:
        assert [await status(one, key) for key in (old, new)] == [401, 200]


@pytest.mark.parametrize("until", ["2026-11-15T04:00:00Z", "2025-01-01T00:00:00Z", "2027-02-16T00:00:00Z"])
async def test_an_overlap_that_is_over_or_too_long_is_refused(kit: Kit, until: str) -> None:
    key = await kit.make_key(HEAD_END)
    answer = await kit.keeper.post(f"/v1/devices/{HEAD_END}/keys", json={"overlap_until": until})
    assert (answer.status_code, answer.json()["code"]) == (422, "reading.bad_overlap")
    assert await status(kit, key) == 200


@pytest.mark.parametrize(
    "until", ["2026-11-22T04:00:00", "soon", 5, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]
)
async def test_an_overlap_that_is_no_instant_is_refused(kit: Kit, until: Any) -> None:
    answer = await kit.keeper.post(f"/v1/devices/{HEAD_END}/keys", json={"overlap_until": until})
    assert answer.status_code == 422


async def test_a_revoked_key_is_refused_from_the_next_message_on(kit: Kit) -> None:
    key = await kit.make_key(HEAD_END)
    path = f"/v1/devices/{HEAD_END}/keys/{key['key_id']}/revocation"
    answers = [await kit.keeper.post(path, json={"reason": "stolen"}) for _ in range(2)]
    assert [answer.json()["status"] for answer in answers] == ["done", "already_done"]
    assert await status(kit, key) == 401
    unknown = await kit.keeper.post(f"/v1/devices/{HEAD_END}/keys/none/revocation", json={"reason": "stolen"})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "device_key.unknown")


async def test_all_keys_of_a_device_are_revoked_by_its_id_alone(kit: Kit) -> None:
    keys = [await kit.make_key(HEAD_END), await kit.make_key(HEAD_END, overlap_until=IN_A_WEEK)]
    of_one = {"device_id": HEAD_END, "key_id": keys[0]["key_id"]}
    assert await revoked(kit, {"device_id": HEAD_END}, of_one) == [("done", None), ("already_done", None)]
    assert [await status(kit, key) for key in keys] == [401, 401]


async def test_a_device_that_is_not_active_has_no_use_of_its_key(kit: Kit) -> None:
    key = await kit.make_key(HEAD_END)
    await kit.clerk.put(f"/v1/devices/{HEAD_END}", json={"org_unit": "zj", "active": False})
    assert await status(kit, key) == 401


async def test_a_key_is_shown_once_and_stored_nowhere(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    answer = await kit.keeper.post(f"/v1/devices/{HEAD_END}/keys", json={})
    key = answer.json()["key"]
    assert answer.headers["cache-control"] == "no-store"
    (batch,) = await made(kit, [{"device_id": HEAD_END, "overlap_until": IN_A_WEEK}])
    shown = await kit.clerk.get(f"/v1/devices/{HEAD_END}/keys")
    assert {item["key_id"] for item in shown.json()["items"]} == {answer.json()["key_id"], batch["id"]}
    stored = [shown.text, caplog.text]
    async with kit.database.view() as view:
        for table in tables.Base.metadata.sorted_tables:
            stored += [str(tuple(row)) for row in await view.all(select(table))]
    for secret in (key, batch["key"]):
        assert not [text for text in stored if secret in text.lower()]


async def test_each_change_of_a_key_has_its_audit_row(kit: Kit) -> None:
    key = await kit.make_key(HEAD_END)
    await revoked(kit, {"device_id": HEAD_END})
    query = {"entity_kind": "device_key", "entity_id": f"{HEAD_END}/{key['key_id']}"}
    rows = (await kit.admin.get("/v1/audit-entries", params=query)).json()["items"]
    assert [(row["action"], row["actor"], row["reason"]) for row in rows] == [
        ("device_key.made", "keeper", ""),
        ("device_key.revoked", "keeper", "stolen"),
    ]


async def test_a_batch_answers_each_item_by_itself(kit: Kit) -> None:
    for device_id, unit in (("a", "zj"), ("b", "zj"), ("twice", "zj"), ("foreign", "js")):
        await kit.clerk.put(f"/v1/devices/{device_id}", json={"org_unit": unit})
    wanted = ["a", "twice", "none", "foreign", "twice", "b"]
    outcomes = await made(kit, [{"device_id": device_id} for device_id in wanted], org_units=["zj"])
    assert [(o["index"], o["status"], o.get("code"), "key" in o) for o in outcomes] == [
        (0, "done", None, True),
        (1, "refused", "request.repeated_in_batch", False),
        (2, "refused", "reading.unknown_device", False),
        (3, "refused", "reading.unknown_device", False),
        (4, "refused", "request.repeated_in_batch", False),
        (5, "done", None, True),
    ]
    assert await status(kit, outcomes[0], "a") == 200


async def test_keys_of_another_org_unit_are_neither_made_nor_shown_nor_revoked(kit: Kit) -> None:
    key = await kit.make_key(HEAD_END)
    other = kit.client("other", "reading:keys", "reading:read", org_units=["zj/ningbo"])
    answer = await other.post(f"/v1/devices/{HEAD_END}/keys", json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "device.unknown")
    revocation = await other.post(f"/v1/devices/{HEAD_END}/keys/{key['key_id']}/revocation", json={"reason": "x"})
    assert (revocation.status_code, revocation.json()["code"]) == (404, "device.unknown")
    assert (await other.get(f"/v1/devices/{HEAD_END}/keys")).json()["items"] == []
    assert await status(kit, key) == 200


async def test_who_may_put_devices_may_not_make_their_keys(kit: Kit) -> None:
    answer = await kit.clerk.post(f"/v1/devices/{HEAD_END}/keys", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.missing_scope")


async def test_a_batch_takes_a_constant_number_of_statements_and_has_a_limit(kit: Kit) -> None:
    numbers = [f"d{n}" for n in range(KEYS_ITEMS_MAX)]
    await kit.put("devices", [{"device_id": number, "org_unit": "zj"} for number in numbers])
    counted = []
    for size in (2, KEYS_ITEMS_MAX):
        with Statements(kit) as statements:
            outcomes = await made(kit, [{"device_id": n, "overlap_until": IN_A_WEEK} for n in numbers[-size:]])
        assert {outcome["status"] for outcome in outcomes} == {"done"}
        counted.append(len(statements.texts))
        await revoked(kit, *({"device_id": number} for number in numbers[-2:]))
    assert counted[0] == counted[1]
    too_many = {"items": [{"device_id": f"d{n}"} for n in range(KEYS_ITEMS_MAX + 1)]}
    answers: list[httpx.Response] = [
        await kit.keeper.post("/v1/device-keys", json=too_many),
        await kit.keeper.post("/v1/device-key-revocations", json=too_many),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    async with kit.database.view() as view:
        assert await view.scalar(select(func.count()).select_from(tables.DEVICE_KEY)) == KEYS_ITEMS_MAX + 2


async def test_the_keys_of_a_device_are_listed_by_pages(kit: Kit) -> None:
    ids = [(await kit.make_key(HEAD_END))["key_id"] for _ in range(3)]
    first = (await kit.clerk.get(f"/v1/devices/{HEAD_END}/keys", params={"limit": 2})).json()
    query = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await kit.clerk.get(f"/v1/devices/{HEAD_END}/keys", params=query)).json()
    assert [item["key_id"] for page in (first, second) for item in page["items"]] == sorted(ids)
    assert second["next_cursor"] is None


def test_as_many_keys_may_be_live_as_signatures_are_checked_against() -> None:
    assert device_keys.LIVE_MAX == devices.KEYS_MAX


def test_the_command_makes_a_key_and_prints_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/reading.db"
    environment = {"WATTLINE_TOKEN_KEY": KEY, "WATTLINE_DATA_DIR": str(tmp_path), "WATTLINE_DATABASE_URL": url}
    settings = ReadingSettings.load(environment | {"WATTLINE_DEVICE_MASTER_KEY": "d" * 40})

    async def build() -> Any:
        await databases.migrate(url, "reading")
        service = main.build(settings, event_log=EmbeddedEventLog(str(tmp_path / "events.db")))
        return service.app, service.database.close

    with live.served(build) as base_url:
        for name, value in (environment | {"WATTLINE_READING_URL": base_url}).items():
            monkeypatch.setenv(name, value)
        assert command(["device-key", HEAD_END]) == 1
        assert "device.unknown" in capsys.readouterr().err
        token = {"Authorization": f"Bearer {local.token(settings)()}"}
        httpx.put(f"{base_url}/v1/devices/{HEAD_END}", json={"org_unit": "zj"}, headers=token, trust_env=False)
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        for more in ([], ["--overlap-until", until]):
            assert command(["device-key", HEAD_END, *more]) == 0
            assert len(bytes.fromhex(capsys.readouterr().out.strip())) == 32
