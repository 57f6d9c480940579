"""A head without end, in size or in time: refused with a problem before anybody is known, and the server answers others."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import orjson
import pytest
import uvicorn
from fastapi import FastAPI

from shared.service import server_config
from shared.web import connection

pytestmark = pytest.mark.timeout(30)

START = b"GET /nothing HTTP/1.1\r\nHost: wattline\r\n"
PIECE = b"a" * 16 * 1024
PIECES_MAX = 4096  # 64 MiB: a thousand times what is taken, and more than the sockets of both sides hold
SOON_SECONDS = 10


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        server = uvicorn.Server(server_config(FastAPI(), host="127.0.0.1", port=port))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield port
        finally:
            server.should_exit = True
            await task


async def send(port: int, pieces: Iterator[bytes]) -> bytes:
    """Return what the server answers until it closes."""
    answer = bytearray()
    async with asyncio.timeout(SOON_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            while read := await reader.read(65536):
                answer += read
        writer.close()
    return bytes(answer)


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    return int(head.split(b" ")[1]), str(orjson.loads(body)["code"])


async def test_a_head_over_the_limit_is_refused_as_a_problem() -> None:
    filling = b"X-Filling: " + PIECE + b"\r\n"
    async with serving() as port:
        assert code_of(await send(port, iter([START + filling * 5]))) == (431, "request.head_too_large")


@pytest.mark.parametrize("filling", [PIECE, b"X-Filling: " + PIECE + b"\r\n"], ids=["one header", "many headers"])
async def test_a_head_without_end_is_cut_off_early(filling: bytes) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield START + b"X-Endless: "
        for _ in range(PIECES_MAX):
            sent += 1
            yield filling

    async with serving() as port:
        await send(port, endless())
        assert sent < PIECES_MAX
        assert (await send(port, iter([START + b"Connection: close\r\n\r\n"]))).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("begun", [START, b"\r\n", b""])
async def test_a_head_that_does_not_come_to_its_end_is_ended(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    async with serving() as port:
        answer = await send(port, iter([begun]))
    assert (code_of(answer) == (408, "request.head_too_slow")) if begun == START else answer == b""


async def test_what_is_no_http_is_refused_as_a_problem() -> None:
    async with serving() as port:
        assert code_of(await send(port, iter([b"\x16\x03\x01 hello\r\n\r\n"]))) == (400, "request.malformed")
