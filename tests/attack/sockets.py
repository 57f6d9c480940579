"""A real server on a socket, and callers that write bytes to it as no client would."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Iterable

import orjson
import uvicorn
from fastapi import FastAPI

from shared.metrics import Metrics
from shared.service import server_config

SOON_SECONDS = 10
LIVE = b"GET /health/live HTTP/1.1\r\nHost: wattline\r\nConnection: close\r\n\r\n"
KEPT = b"Connection: keep-alive"


@contextlib.asynccontextmanager
async def serving(app: FastAPI, metrics: Metrics | None = None) -> AsyncIterator[int]:
    """Serve an application as a service does, and give its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        server = uvicorn.Server(server_config(app, metrics or app.state.web.metrics, host="127.0.0.1", port=port))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        task = asyncio.create_task(server.serve([listening]))
        try:
            yield port
        finally:
            server.should_exit = True
            await task


async def send(port: int, pieces: Iterable[bytes]) -> bytes:
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


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """Return the answer to one request of a connection that is kept."""
    writer.write(request.replace(b"Connection: close", KEPT))
    async with asyncio.timeout(SOON_SECONDS):
        return await one_answer(reader)


async def one_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length is not None, head
    return head + await reader.readexactly(int(length[1]))


async def read(reader: asyncio.StreamReader) -> bytes:
    """Return the answer, or nothing where it was lost with the connection because more was sent."""
    with contextlib.suppress(ConnectionError):
        return await reader.read()
    return b""


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


def code_of(answer: bytes) -> tuple[int, str]:
    """Return status and code of an answer that must be a problem document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), head
    assert status_of(answer) != 503 or b"retry-after: " in head.lower()
    return status_of(answer), str(orjson.loads(body)["code"])
