"""One effect per idempotency key and per device message, on both databases."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import httpx
from sqlalchemy import func, select, update

from shared.db import jobs
from shared.db.engine import Database
from shared.web import devices, purge
from tests.kits import webapp
from tests.kits.webapp import problem

NOTE = {"note_no": "n-1", "org_unit": "zj", "version": 1}
WRITER = webapp.bearer("notes:write")


async def post(client: httpx.AsyncClient, key: str = "key-1", **changes: object) -> httpx.Response:
    return await client.post("/v1/notes", json=NOTE | changes, headers=WRITER | {"Idempotency-Key": key})


async def count(database: Database, table: str) -> int:
    async with database.view() as view:
        return int(await view.scalar(select(func.count()).select_from(webapp.METADATA.tables[table])))


async def test_a_repeated_command_gets_the_stored_answer_and_changes_nothing(
    client: httpx.AsyncClient, database: Database
) -> None:
    first, second = await post(client), await post(client)
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, NOTE)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await count(database, "note") == 1


async def test_a_key_with_another_body_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client)
    problem(await post(client, note_no="n-2"), 422, "idempotency.key_reused")
    assert await count(database, "note") == 1


async def test_a_key_belongs_to_its_caller(client: httpx.AsyncClient) -> None:
    await post(client)
    other = webapp.bearer("notes:write", subject="staff-2") | {"Idempotency-Key": "key-1"}
    answer = await client.post("/v1/notes", json=NOTE | {"note_no": "n-2"}, headers=other)
    assert answer.status_code == 201


async def test_a_refused_command_leaves_its_key_free(client: httpx.AsyncClient, database: Database) -> None:
    await post(client)
    problem(await post(client, "key-2"), 409, "note.already_there")
    assert await count(database, "idempotency_key") == 1
    assert (await post(client, "key-2", note_no="n-2")).status_code == 201


async def test_the_same_command_at_the_same_time_has_one_effect(client: httpx.AsyncClient, database: Database) -> None:
    answers = await asyncio.gather(*(post(client) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await count(database, "note") == 1


async def test_a_missing_or_ill_formed_key_is_refused(client: httpx.AsyncClient) -> None:
    document = problem(await client.post("/v1/notes", json=NOTE, headers=WRITER), 422, "request.invalid")
    assert document["errors"][0]["pointer"] == "header/Idempotency-Key"
    for key in ("", "a b", "x" * 129):
        problem(await post(client, key), 422, "request.invalid")


async def test_a_decision_needs_the_version_that_was_seen(client: httpx.AsyncClient) -> None:
    await post(client, version=3)
    path = "/v1/notes/n-1/decisions"
    problem(await client.post(path, headers=WRITER), 428, "precondition.missing")
    for tag in ("3", "*", 'W/"3"', '"3", "4"', '"x"'):
        problem(await client.post(path, headers=WRITER | {"If-Match": tag}), 400, "precondition.malformed")
    problem(await client.post(path, headers=WRITER | {"If-Match": '"2"'}), 412, "precondition.stale")
    assert (await client.post(path, headers=WRITER | {"If-Match": '"3"'})).json()["version"] == 3


# --- device messages

BODY = json.dumps(NOTE).encode()


def signed(nonce: str = "n" * 16, device_id: str = "headend-1") -> dict[str, str]:
    key = devices.key_of(webapp.KEY, device_id, "1")
    made = devices.sign(key=key, device_id=device_id, method="POST", target="/v1/pushes", body=BODY, nonce=nonce)
    return made | {"Content-Type": "application/json"}


async def test_a_device_message_is_taken_once(client: httpx.AsyncClient, database: Database) -> None:
    message = signed()
    assert (await client.post("/v1/pushes", content=BODY, headers=message)).status_code == 200
    problem(await client.post("/v1/pushes", content=BODY, headers=message), 401, "auth.replayed_message")
    assert await count(database, "nonce") == 1


async def test_the_same_message_at_the_same_time_is_taken_once(client: httpx.AsyncClient) -> None:
    message = signed()
    answers = await asyncio.gather(*(client.post("/v1/pushes", content=BODY, headers=message) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401, 401]


async def test_a_person_leaves_no_nonce(client: httpx.AsyncClient, database: Database) -> None:
    await client.post("/v1/pushes", json=NOTE, headers=WRITER)
    assert await count(database, "nonce") == 0


async def test_old_keys_and_nonces_are_purged_by_business_date_and_young_ones_kept(
    client: httpx.AsyncClient, database: Database
) -> None:
    await post(client, "old")
    await client.post("/v1/pushes", content=BODY, headers=signed("o" * 16))
    past = datetime.now(UTC) - timedelta(days=purge.KEY_DAYS + 2)
    async with database.begin() as tx:
        await tx.execute(update(webapp.PLATFORM.idempotency_key).values(created_at=past))
        await tx.execute(update(webapp.PLATFORM.nonce).values(seen_at=past))
    await post(client, "young", note_no="n-2")
    await client.post("/v1/pushes", content=BODY, headers=signed("y" * 16))
    result = await jobs.run(database, purge.JOB, datetime.now(UTC).date())
    assert result.counts == {"deleted": 2}
    assert await count(database, "idempotency_key") == await count(database, "nonce") == 1


async def test_a_business_date_in_the_future_frees_no_nonce_that_still_matters(
    client: httpx.AsyncClient, database: Database
) -> None:
    await client.post("/v1/pushes", content=BODY, headers=signed())
    await jobs.run(database, purge.JOB, date(2199, 1, 1))
    assert await count(database, "nonce") == 1
