"""Bodies that come slowly, or that never end: each is refused as a problem."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.responses import StreamingResponse

from shared.db.engine import Database
from shared.web import auth, edge
from tests.attack.sockets import code_of, read, send, serving, status_of
from tests.attack.working import CHUNKED, Work, app_of, post
from tests.kits import webapp

pytestmark = pytest.mark.timeout(60)

PIECE = b"a" * 16 * 1024
PIECES_MAX = 4096  # 64 MiB


@pytest.fixture
async def port(database: Database) -> AsyncIterator[int]:
    work = Work()
    work.go.set()
    async with serving(app_of(database, work)) as port:
        yield port


@pytest.mark.parametrize("begun", [post(100, sent=0), post(100, sent=1), CHUNKED], ids=["nothing", "begun", "chunked"])
async def test_a_body_that_does_not_come_is_refused(port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_GRACE_SECONDS", 0.2)
    assert code_of(await send(port, [begun])) == (408, "request.body_too_slow")


async def test_a_body_below_the_rate_is_refused_and_one_above_is_taken(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "BODY_GRACE_SECONDS", 0.3)

    async def sent(size: int, bytes_a_turn: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answer = asyncio.create_task(read(reader))
        writer.write(post(size, sent=0))
        for _ in range(0, size, bytes_a_turn):
            if not answer.done():
                writer.write(b"x" * bytes_a_turn)
                await asyncio.wait([answer], timeout=0.1)
        async with asyncio.timeout(10):
            await answer
        writer.close()
        return answer.result()

    slow, fast = await asyncio.gather(sent(20, 1), sent(48_000, 6_000))
    assert not slow or code_of(slow) == (408, "request.body_too_slow")
    assert status_of(fast) == 200


@pytest.mark.parametrize("filling", [PIECE, b"X-T: " + PIECE + b"\r\n"], ids=["one trailer", "many trailers"])
async def test_headers_after_a_body_are_weighed(port: int, filling: bytes) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield CHUNKED + b"1\r\nx\r\n0\r\nX-Endless: "
        for _ in range(PIECES_MAX):
            sent += 1
            yield filling

    await send(port, endless())
    assert sent < PIECES_MAX


async def test_headers_after_a_body_change_nothing(database: Database) -> None:
    signed = webapp.bearer("notes:write")["Authorization"].encode()
    begun = CHUNKED.replace(b"/v1/work", b"/v1/files")
    async with serving(webapp.build(database)) as port:
        answer = await send(port, [begun + b"1\r\nx\r\n0\r\nAuthorization: " + signed + b"\r\n\r\n"])
    assert code_of(answer) == (401, "auth.missing_token")


async def test_a_body_that_is_no_http_is_refused_as_a_problem(port: int) -> None:
    assert code_of(await send(port, [CHUNKED + b"no number\r\n"])) == (400, "request.malformed")


async def test_an_answer_that_has_begun_is_not_followed_by_another(database: Database) -> None:
    work = Work()

    async def told() -> AsyncIterator[bytes]:
        yield b"begun"
        await work.go.wait()

    async def tell() -> StreamingResponse:
        return StreamingResponse(told())

    work.router.post("/told", policy=auth.public("a test"), media_types=("text/csv",))(tell)
    async with serving(app_of(database, work)) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED.replace(b"/v1/work", b"/v1/told"))
        answer = await reader.readuntil(b"begun")
        writer.write(b"no number\r\n")
        answer += await reader.read()
        writer.close()
        work.go.set()
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_caller_that_goes_away_in_its_body_is_no_fault_of_the_service(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    app = webapp.build(database)
    head = (
        b"POST /v1/pushes HTTP/1.1\r\nHost: w\r\nContent-Length: 10\r\nAuthorization: "
        + webapp.signed_anyhow().encode()
        + b"\r\n\r\n"
    )
    async with serving(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head)
        await writer.drain()
        writer.close()
    assert (
        'wattline_http_requests_total{method="POST",route="/v1/pushes",status="400"} 1.0'
        in app.state.web.metrics.exposition().decode()
    )
    assert "request.failed" not in caplog.text
