"""A head without end, in size or in time: refused with a problem before anybody is known, and the server answers others."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import FastAPI

from shared import service
from shared.metrics import Metrics
from shared.web import connection
from tests.attack.sockets import SOON_SECONDS, ask, code_of, send, serving, status_of

pytestmark = pytest.mark.timeout(30)

START = b"GET /nothing HTTP/1.1\r\nHost: wattline\r\n"
PIECE = b"a" * 16 * 1024
PIECES_MAX = 4096  # 64 MiB: a thousand times what is taken, and more than the sockets of both sides hold


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("tiny")


@pytest.fixture
async def port(metrics: Metrics) -> AsyncIterator[int]:
    async with serving(FastAPI(), metrics) as port:
        yield port


def refused(metrics: Metrics, reason: str) -> float | None:
    return metrics.registry.get_sample_value("wattline_http_requests_refused_total", {"reason": reason})


@pytest.mark.parametrize(
    "pieces",
    [
        [START, *[b"X-Filling: " + PIECE + b"\r\n"] * 5],
        [b"GET /" + PIECE * 2, PIECE * 2 + b"aaaaa HTTP/1.1\r\nHost: w\r\n\r\n"],
    ],
    ids=["headers", "path"],
)
async def test_a_head_over_the_limit_is_refused_as_a_problem_and_counted(
    pieces: list[bytes], port: int, metrics: Metrics
) -> None:
    assert code_of(await send(port, pieces)) == (431, "request.head_too_large")
    assert refused(metrics, "head_size") == 1


@pytest.mark.parametrize("filling", [PIECE, b"X-Filling: " + PIECE + b"\r\n"], ids=["one header", "many headers"])
async def test_a_head_without_end_is_cut_off_early(port: int, filling: bytes) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield START + b"X-Endless: "
        for _ in range(PIECES_MAX):
            sent += 1
            yield filling

    await send(port, endless())
    assert sent < PIECES_MAX
    assert (await send(port, [START + b"Connection: close\r\n\r\n"])).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("begun", [START, b"\r\n", b""])
async def test_a_head_that_does_not_come_to_its_end_is_ended(
    port: int, metrics: Metrics, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    answer = await send(port, [begun])
    assert (code_of(answer) == (408, "request.head_too_slow")) if begun == START else answer == b""
    assert refused(metrics, "head_rate") == (begun == START)  # who says nothing at all is no request


@pytest.mark.parametrize("begun", [START, b"\r\n"])
async def test_a_head_after_an_answer_has_as_long(port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert status_of(await ask(reader, writer, START + b"\r\n")) == 404
    writer.write(begun)
    async with asyncio.timeout(SOON_SECONDS):
        answer = await reader.read()
    writer.close()
    assert (code_of(answer) == (408, "request.head_too_slow")) if begun == START else answer == b""


async def test_a_connection_outlives_the_time_of_a_head_that_came(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for seconds in (0.3, 0):
        assert status_of(await ask(reader, writer, START + b"\r\n")) == 404
        await asyncio.sleep(seconds)
    writer.close()


async def test_a_connection_that_is_kept_and_not_used_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "KEEP_ALIVE_SECONDS", 0.2)
    async with serving(FastAPI(), Metrics("tiny")) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert status_of(await ask(reader, writer, START + b"\r\n")) == 404
        async with asyncio.timeout(SOON_SECONDS):
            assert await reader.read() == b""
        writer.close()


async def test_what_is_no_http_is_refused_as_a_problem(port: int) -> None:
    assert code_of(await send(port, [b"\x16\x03\x01 hello\r\n\r\n"])) == (400, "request.malformed")
