"""More than a service can do: it says so to those whom it cannot take, batches first, and goes on answering how it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from fastapi import FastAPI, Request

from shared import service, web
from shared.db.engine import Database
from shared.web import auth, connection
from tests.attack.sockets import LIVE, code_of, send, serving, status_of
from tests.kits import webapp

pytestmark = pytest.mark.timeout(30)

SETTINGS = {"WATTLINE_REQUESTS_MAX": "4", "WATTLINE_BATCHES_MAX": "2", "WATTLINE_BODY_BYTES_MAX": "65536"}
IDLE = 40
BATCH_BYTES = 20_000


class Work:
    """A route whose requests all work until they are let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.go = asyncio.Event()
        self.router = web.Router("/v1")
        self.router.post("/work", policy=auth.public("a test"), media_types=("text/csv",))(self._work)

    async def _work(self, request: Request) -> dict[str, int]:
        size = len(await request.body())
        self.begun.release()
        await self.go.wait()
        return {"bytes": size}

    async def until_begun(self, count: int) -> None:
        async with asyncio.timeout(10):
            for _ in range(count):
                await self.begun.acquire()


def app_of(database: Database, work: Work, **settings: str) -> FastAPI:
    environment = webapp.ENVIRONMENT | SETTINGS | settings
    return webapp.build(database, settings=webapp.Settings.load(environment), routers=[webapp.router, work.router])


def post(size: int, *, sent: int | None = None) -> bytes:
    head = f"POST /v1/work HTTP/1.1\r\nHost: w\r\nContent-Type: text/csv\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + b"x" * (size if sent is None else sent)


@contextlib.asynccontextmanager
async def opened(port: int, count: int, begun: bytes = b"") -> AsyncIterator[Sequence[asyncio.StreamReader]]:
    """Keep connections open that have sent no more than the beginning."""
    pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        for _, writer in pairs:
            writer.write(begun)
        yield [reader for reader, _ in pairs]
    finally:
        for _, writer in pairs:
            writer.close()


async def test_batches_are_shed_before_single_commands_and_health_answers(database: Database) -> None:
    work = Work()
    app = app_of(database, work)
    async with serving(app) as port:
        taken = [asyncio.create_task(send(port, [post(BATCH_BYTES)])) for _ in range(2)]
        await work.until_begun(2)
        assert code_of(await send(port, [post(BATCH_BYTES)])) == (503, "request.overloaded")
        taken += [asyncio.create_task(send(port, [post(100)])) for _ in range(2)]
        await work.until_begun(2)
        assert code_of(await send(port, [post(100)])) == (503, "request.overloaded")
        assert status_of(await send(port, [LIVE])) == 200
        work.go.set()
        assert [status_of(answer) for answer in await asyncio.gather(*taken)] == [200] * 4
        assert status_of(await send(port, [post(BATCH_BYTES)])) == 200  # the places are free again
    text = app.state.web.metrics.exposition().decode()
    assert 'http_requests_refused_total{limit="batches"} 1.0' in text
    assert 'http_requests_refused_total{limit="requests"} 1.0' in text


async def test_bodies_that_do_not_come_keep_nobody_out(database: Database) -> None:
    work = Work()
    work.go.set()
    async with (
        serving(app_of(database, work)) as port,
        opened(port, IDLE, post(100, sent=1)),
        opened(port, IDLE, post(BATCH_BYTES, sent=1)),
    ):
        assert status_of(await send(port, [post(100)])) == 200
        assert status_of(await send(port, [post(BATCH_BYTES)])) == 200


@pytest.mark.parametrize(
    "begun", [b"", b"GET / HTTP/1.1\r\nX-Begun: ", post(100, sent=1)], ids=["idle", "head", "body"]
)
async def test_of_too_many_connections_the_one_that_waited_longest_is_ended(
    begun: bytes, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CONNECTIONS_MAX", 20)
    work = Work()
    app = app_of(database, work)
    async with serving(app) as port:
        working = asyncio.create_task(send(port, [post(100)]))
        await work.until_begun(1)
        async with opened(port, IDLE, begun) as readers:
            assert status_of(await send(port, [LIVE])) == 200
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionError):
                    assert await readers[0].read() == b""
            assert not readers[-1].at_eof()
        work.go.set()
        assert status_of(await working) == 200  # what is worked on is not ended, however old
    ended = app.state.web.metrics.counter("http_connections_ended_total")
    assert ended._value.get() == IDLE + 2 - 20


async def test_an_answer_that_is_not_read_is_not_kept_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNREAD_SECONDS", 0.2)
    monkeypatch.setattr(connection, "PIPELINED_MAX", 1_000_000)
    work = Work()
    asking = b"GET /openapi.json HTTP/1.1\r\nHost: w\r\n\r\n" * 10
    async with serving(app_of(database, work)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        async with asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(asking)
                    await writer.drain()
        writer.close()
        del reader


async def test_requests_without_end_before_the_first_answer_are_cut(database: Database) -> None:
    work = Work()
    pipelined = LIVE.replace(b"Connection: close", b"X: y") * 2000
    async with serving(app_of(database, work)) as port:
        answer = await send(port, [post(100).replace(b"Connection: close", b"X: y"), pipelined])
    assert answer == b""
