"""More than a service can do: it says so to those whom it cannot take, batches first, and goes on answering how it is."""

import asyncio
import contextlib
import socket

import pytest

from shared import service
from shared.db.engine import Database
from shared.web import connection
from tests.attack.sockets import LIVE, code_of, send, serving, status_of
from tests.attack.working import Work, app_of, opened, post, run_of_job

pytestmark = pytest.mark.timeout(30)

IDLE = 40
BATCH_BYTES = 20_000


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
    assert 'wattline_http_requests_refused_total{reason="batches"} 1.0' in text
    assert 'wattline_http_requests_refused_total{reason="requests"} 1.0' in text
    assert 'wattline_http_requests_refused_total{reason="bodies"} 0.0' in text  # an alert sees the first count grow


async def test_runs_of_jobs_are_shed_as_batches_are_however_small_their_bodies(database: Database) -> None:
    work = Work()
    app = app_of(database, work)
    async with serving(app) as port:
        taken = [asyncio.create_task(send(port, [run_of_job()])) for _ in range(2)]
        await work.until_begun(2)
        assert code_of(await send(port, [run_of_job()])) == (503, "request.overloaded")
        assert code_of(await send(port, [post(BATCH_BYTES)])) == (503, "request.overloaded")
        taken.append(asyncio.create_task(send(port, [post(100)])))
        await work.until_begun(1)
        work.go.set()
        assert [status_of(answer) for answer in await asyncio.gather(*taken)] == [200] * 3
        assert status_of(await send(port, [run_of_job()])) == 200  # the places are free again
    assert 'wattline_http_requests_refused_total{reason="batches"} 2.0' in app.state.web.metrics.exposition().decode()


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
    ended = asyncio.Event()  # the caller itself cannot tell: what it has not read stands before the end
    lost = connection.Connection.connection_lost
    monkeypatch.setattr(connection.Connection, "connection_lost", lambda self, why: (ended.set(), lost(self, why)))
    work = Work()
    asking = b"GET /openapi.json HTTP/1.1\r\nHost: w\r\n\r\n" * 1000  # 50 MB of answers
    async with serving(app_of(database, work)) as port:
        with socket.socket() as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(caller, ("127.0.0.1", port))
            await loop.sock_sendall(caller, asking)
            async with asyncio.timeout(20):
                await ended.wait()


async def test_requests_without_end_before_the_first_answer_are_cut(database: Database) -> None:
    work = Work()
    pipelined = LIVE.replace(b"Connection: close", b"X: y") * 2000
    async with serving(app_of(database, work)) as port:
        answer = await send(port, [post(100).replace(b"Connection: close", b"X: y"), pipelined])
        work.go.set()
    assert answer == b""
