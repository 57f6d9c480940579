"""Every error is a problem document (RFC 9457) with a stable code, and says nothing that it should not."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.db.engine import Database
from shared.logging import JsonFormatter
from tests.kits import webapp
from tests.kits.webapp import problem

NOTE = {"note_no": "n-1", "org_unit": "zj", "version": 1}
WRITER = webapp.bearer("notes:write") | {"Idempotency-Key": "key-1"}


async def test_an_unknown_route_is_a_problem(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/nothing"), 404, "request.unknown_route")


async def test_a_wrong_method_is_a_problem_that_names_all_allowed_ones(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/v1/notes")
    problem(answer, 405, "request.method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


async def test_broken_json_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/notes", content=b'{"note_no":', headers=WRITER | {"Content-Type": "application/json"}
    )
    problem(answer, 400, "request.malformed_json")


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"note_no": "\\ud800"}', b'{"version": NaN}', b"[" * 2000])
async def test_what_only_looks_like_json_is_a_problem(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/notes", content=body, headers=WRITER | {"Content-Type": "application/json"})
    problem(answer, 400, "request.malformed_json")


async def test_a_value_of_the_wrong_type_is_named_by_pointer_and_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json=NOTE | {"version": "13800000000x"}, headers=WRITER)
    document = problem(answer, 422, "request.invalid")
    assert [(e["pointer"], e["code"]) for e in document["errors"]] == [("body/version", "int_parsing")]
    assert "13800000000" not in answer.text


async def test_an_unknown_field_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json=NOTE | {"note": "x"}, headers=WRITER)
    assert problem(answer, 422, "request.invalid")["errors"][0]["pointer"] == "body/note"


async def test_a_body_of_another_media_type_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", content=b"a,b", headers=WRITER | {"Content-Type": "text/csv"})
    problem(answer, 415, "request.unsupported_media_type")


async def test_a_route_reads_the_media_types_that_it_declares(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/files", content=b"a,b", headers=WRITER | {"Content-Type": "text/csv"})
    assert answer.json() == {"bytes": 3}


@pytest.mark.parametrize("path", ["/v1/notes/a%00b/decisions", "/v1/pushes?tag=%00"])
async def test_a_nul_character_in_the_address_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, json=NOTE, headers=WRITER | {"If-Match": '"1"'})
    problem(answer, 400, "request.nul_character")


async def test_a_nul_character_in_a_body_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/notes", json=NOTE | {"note_no": "a\0b"}, headers=WRITER)
    problem(answer, 400, "request.nul_character")


async def test_a_body_that_says_it_is_too_large_is_refused_unread(database: Database) -> None:
    read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b"x"

    async with webapp.client(webapp.build(database)) as client:
        answer = await client.post("/v1/notes", content=body(), headers=WRITER | {"Content-Length": "4097"})
    problem(answer, 413, "request.body_too_large")
    assert not read


async def test_a_body_that_grows_too_large_is_cut(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b'"' + b"x" * 1000

    answer = await client.post("/v1/notes", content=chunks(), headers=WRITER | {"Content-Type": "application/json"})
    problem(answer, 413, "request.body_too_large")


async def test_a_body_at_the_limit_is_read(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/files", content=b"x" * 4096, headers=WRITER | {"Content-Type": "text/csv"})
    assert answer.json() == {"bytes": 4096}


async def test_a_business_error_answers_with_its_own_status_and_code(client: httpx.AsyncClient) -> None:
    await client.post("/v1/notes", json=NOTE, headers=WRITER)
    answer = await client.post("/v1/notes", json=NOTE, headers=WRITER | {"Idempotency-Key": "key-2"})
    problem(answer, 409, "note.already_there")


async def test_a_request_that_takes_too_long_is_cut(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/hangs")
    problem(answer, 503, "request.timed_out")
    assert answer.headers["retry-after"] == "1"


async def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_no_text(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await client.get("/v1/fails", headers={"X-Correlation-Id": "trace-me"})
    problem(answer, 500, "internal_error")
    assert "13800000000" not in answer.text
    [record] = [r for r in caplog.records if r.name == "shared.web.errors"]
    line = JsonFormatter().format(record)
    assert "13800000000" not in line
    logged = json.loads(line)
    assert logged["exception"][0]["class"] == "builtins.RuntimeError"
    assert any("webapp.py" in frame for frame in logged["exception"][0]["stack"])
    assert logged["route"] == "/v1/fails"


async def test_a_database_that_stays_locked_is_a_problem_that_says_try_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def locked() -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(database, "begin", locked)
    async with webapp.client(webapp.build(database)) as client:
        answer = await client.post("/v1/notes", json=NOTE, headers=WRITER)
    problem(answer, 503, "database.busy")


async def test_requests_side_by_side_keep_their_own_correlation_ids(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get("/v1/x", headers={"X-Correlation-Id": f"id-{i}"}) for i in range(20)))
    assert [a.json()["correlation_id"] for a in answers] == [f"id-{i}" for i in range(20)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Correlation-Id": "abc.DEF-1"}, "abc.DEF-1"),
        (
            {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ),
    ],
)
async def test_a_well_formed_correlation_id_is_kept(
    client: httpx.AsyncClient, headers: dict[str, str], expected: str
) -> None:
    assert (await client.get("/health/live", headers=headers)).headers["x-correlation-id"] == expected


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb", '"{}'])
async def test_an_ill_formed_correlation_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answered = (await client.get("/health/live", headers={"X-Correlation-Id": given})).headers["x-correlation-id"]
    assert answered != given
    assert len(answered) == 36


@pytest.mark.parametrize(
    ("query", "code", "detail"),
    [
        ("limt=1", "request.unknown_parameter", "cursor, limit"),
        ("limit=1&Limit=2", "request.unknown_parameter", "cursor, limit"),
        ("limit=1&limit=500", "request.repeated_parameter", "limit"),
        ("cursor=", "request.empty_parameter", "cursor"),
        ("limit", "request.empty_parameter", "limit"),
    ],
)
async def test_a_query_is_used_or_refused_and_never_ignored(
    client: httpx.AsyncClient, query: str, code: str, detail: str
) -> None:
    answer = await client.get(f"/v1/notes?{query}", headers=webapp.bearer("notes:read"))
    assert problem(answer, 400, code)["detail"] == detail
