"""Which refusals are told in the log, and how often: commands each by itself, callers without a token once a minute."""

import logging
from typing import Any

import httpx
import pytest

from shared.logging import Sparing
from tests.kits import webapp

WRITER = webapp.bearer("notes:write", "notes:read")
NOTE = {"note_no": "13800000000", "org_unit": "zj"}


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    names = ("method", "route", "subject", "status", "code", "repeats")
    lines = [{name: vars(line)[name] for name in names} for line in caplog.records if "request.refused" in line.message]
    caplog.clear()
    return lines


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def add(client: httpx.AsyncClient, note: Any, headers: dict[str, str] = WRITER, key: str = "k") -> httpx.Response:
    return await client.post("/v1/notes", json=note, headers=headers | {"Idempotency-Key": key})


async def test_the_line_of_a_refused_command_says_who_where_and_why(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    line = {"method": "POST", "route": "/v1/notes", "subject": "staff-1", "repeats": False}
    assert (await add(client, NOTE)).status_code == 201
    assert told(caplog) == []
    await add(client, NOTE, key="k2")
    await add(client, NOTE | {"org_unit": "bj"}, webapp.bearer("notes:write", org_units=("zj",)), "k3")
    await add(client, NOTE | {"version": 2}, key="k")
    await client.post("/v1/notes", content=b"{", headers=WRITER | {"Content-Type": "application/json"})
    await client.post("/v1/notes", content=b"x", headers=WRITER | {"Content-Type": "text/plain"})
    await add(client, NOTE, webapp.bearer("notes:read"))
    assert told(caplog) == [
        line | {"status": 409, "code": "note.already_there"},
        line | {"status": 403, "code": "auth.other_org_unit"},
        line | {"status": 422, "code": "idempotency.key_reused"},
        line | {"status": 400, "code": "request.malformed_json"},
        line | {"status": 415, "code": "request.unsupported_media_type"},
        line | {"status": 403, "code": "auth.missing_scope"},
    ]


async def test_a_read_that_finds_nothing_or_is_wrong_is_not_told(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await client.get("/v1/notes?limit=0", headers=WRITER)).status_code == 422
    assert (await client.get("/v1/nowhere", headers=WRITER)).status_code == 404
    assert told(caplog) == []


async def test_nobody_fills_the_log_without_a_token(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    sparing = Sparing()
    caplog.handler.addFilter(sparing)
    try:
        for _ in range(50):
            await add(client, NOTE, {})
            await add(client, NOTE, {"Authorization": "Bearer x"})
        await client.post("/v1/notes/n/decisions", json={})
    finally:
        caplog.handler.removeFilter(sparing)
    assert [(line["route"], line["code"]) for line in told(caplog)] == [
        ("/v1/notes", "auth.missing_token"),
        ("/v1/notes/{note_no}/decisions", "auth.missing_token"),
    ]


async def test_refused_items_of_a_batch_are_counted_by_code(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    item = {"approval_id": "a-13800000000", "content_hash": "0" * 64}
    body = {"decision": "approve", "explanation": "phone 13800000000", "items": [item, item]}
    answer = await client.post("/v1/approvals/decisions", json=body, headers=webapp.bearer("approvals:decide"))
    assert answer.status_code == 200
    [line] = [record for record in caplog.records if record.message == "request.items_refused"]
    assert (
        vars(line).items()
        >= {
            "route": "/v1/approvals/decisions",
            "subject": "staff-1",
            "codes": {"approval.unknown": 2},
        }.items()
    )
