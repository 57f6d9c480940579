"""More than a service can do: it says so to those whom it cannot take, batches first, and goes on answering how it is."""

import asyncio
import contextlib
import socket

import pytest

from shared import service
from shared.db.engine import Database
from shared.web import connection
from tests.attack.sockets import KEPT, LIVE, ask, code_of, one_answer, send, serving, status_of
from tests.attack.working import CHUNKED, Work, app_of, in_chunks, opened, post, run_of_job

pytestmark = pytest.mark.timeout(30)

IDLE = 40
BATCH_BYTES = 20_000


async def test_batches_are_shed_before_single_commands_and_health_answers(database: Database) -> None:
    work = Work()
    app = app_of(database, work)
    async with serving(app) as port:
        taken = [asyncio.create_task(send(port, [post(BATCH_BYTES)])) for _ in range(2)]
        await work.until_begun(2)
        for batch in (post(BATCH_BYTES, sent=0), in_chunks(BATCH_BYTES)):  # known by what it says, or by what comes
            assert code_of(await send(port, [batch])) == (503, "request.overloaded")
        taken += [asyncio.create_task(send(port, [post(100)])) for _ in range(2)]
        await work.until_begun(2)
        assert code_of(await send(port, [post(100)])) == (503, "request.overloaded")
        assert code_of(await send(port, [LIVE.replace(b"/health/live", b"/openapi.json")])) == (
            503,
            "request.overloaded",
        )
        for path in (b"/health/live", b"/health/ready", b"/metrics"):
            assert status_of(await send(port, [LIVE.replace(b"/health/live", path)])) == 200
        work.go.set()
        assert [status_of(answer) for answer in await asyncio.gather(*taken)] == [200] * 4
        assert status_of(await send(port, [post(BATCH_BYTES)])) == 200  # the places are free again
    text = app.state.web.metrics.exposition().decode()
    assert 'wattline_http_requests_refused_total{reason="batches"} 2.0' in text
    assert 'wattline_http_requests_refused_total{reason="requests"} 2.0' in text
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


async def test_a_connection_that_was_answered_waits_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CONNECTIONS_MAX", 2)
    async with serving(app_of(database, Work())) as port:
        (first, asking), (second, asking_too) = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        assert status_of(await ask(second, asking_too, LIVE)) == 200
        assert status_of(await ask(first, asking, LIVE)) == 200
        async with opened(port, 1), asyncio.timeout(10):
            with contextlib.suppress(ConnectionError):
                assert await second.read() == b""
            assert status_of(await ask(first, asking, LIVE)) == 200
        asking.close()
        asking_too.close()


async def test_an_answer_that_is_read_late_is_given_and_the_connection_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "UNREAD_SECONDS", 1)
    monkeypatch.setattr(connection, "PIPELINED_MAX", 1_000_000)
    waits = asyncio.Event()
    pause = connection.Connection.pause_writing
    monkeypatch.setattr(connection.Connection, "pause_writing", lambda self: (waits.set(), pause(self)))
    count = 200  # 10 MB of answers
    async with serving(app_of(database, Work())) as port, asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LIVE.replace(b"/health/live", b"/openapi.json").replace(b"Connection: close", KEPT) * count)
        await waits.wait()
        for _ in range(count):
            await one_answer(reader)
        await asyncio.sleep(1.2)
        assert status_of(await ask(reader, writer, LIVE)) == 200
        writer.close()


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


@pytest.mark.parametrize(
    "pipelined",
    [LIVE.replace(b"Connection: close", KEPT) * 2000, CHUNKED + b"no number\r\n"],
    ids=["without end", "no HTTP"],
)
async def test_what_is_wrong_before_the_first_answer_is_cut_and_never_its_answer(
    pipelined: bytes, database: Database
) -> None:
    work = Work()
    async with serving(app_of(database, work)) as port:
        answer = await send(port, [post(100).replace(b"Connection: close", KEPT) + pipelined])
        work.go.set()
    assert answer == b""


async def test_a_slow_head_behind_a_request_does_not_end_its_work(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    late = asyncio.Event()
    is_late = connection.Connection._head_is_late
    monkeypatch.setattr(connection.Connection, "_head_is_late", lambda self: (late.set(), is_late(self)))
    work = Work()
    async with serving(app_of(database, work)) as port:
        asking = post(100).replace(b"Connection: close", KEPT) + b"GET / HTTP/1.1\r\n"
        answers = asyncio.create_task(send(port, [asking]))
        async with asyncio.timeout(10):
            await late.wait()
        work.go.set()
        first, _, second = (await answers).partition(b"}HTTP/1.1")
    assert status_of(first) == 200
    assert code_of(b"HTTP/1.1" + second) == (408, "request.head_too_slow")
