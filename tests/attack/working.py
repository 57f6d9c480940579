"""A service with a route and a job that work until they are let go, and callers of both."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request

from shared import web
from shared.db.engine import Database, View
from shared.db.jobs import Job
from shared.service import server_config
from shared.settings import Settings
from shared.web import auth
from tests.kits import webapp

SMALL = {"WATTLINE_REQUESTS_MAX": "4", "WATTLINE_BATCHES_MAX": "2", "WATTLINE_BODY_BYTES_MAX": "65536"}


class Work:
    """A route whose requests, and a job whose runs, all work until they are let go."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.go = asyncio.Event()
        self.router = web.Router("/v1")
        self.router.post("/work", policy=auth.public("a test"), media_types=("text/csv",))(self._work)
        self.jobs = [Job("work", self._chunks, webapp.count_notes)]

    async def _work(self, request: Request) -> dict[str, int]:
        size = len(await request.body())
        self.begun.release()
        await self.go.wait()
        return {"bytes": size}

    async def _chunks(self, _read: View, _business_date: date) -> list[str]:
        self.begun.release()
        await self.go.wait()
        return ["all"]

    async def until_begun(self, count: int) -> None:
        async with asyncio.timeout(10):
            for _ in range(count):
                await self.begun.acquire()


def app_of(database: Database, work: Work, **settings: str) -> FastAPI:
    environment = webapp.ENVIRONMENT | SMALL | settings
    return webapp.build(
        database, settings=Settings.load(environment), routers=[webapp.router, work.router], jobs=work.jobs
    )


def post(size: int, *, sent: int | None = None) -> bytes:
    head = f"POST /v1/work HTTP/1.1\r\nHost: w\r\nContent-Type: text/csv\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + b"x" * (size if sent is None else sent)


CHUNKED = post(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")


def in_chunks(size: int) -> bytes:
    return CHUNKED + f"{size:x}\r\n".encode() + b"x" * size + b"\r\n0\r\n\r\n"


def run_of_job() -> bytes:
    body = b'{"business_date": "2026-02-02"}'
    head = "POST /v1/jobs/work/runs HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\nConnection: close\r\n"
    head += f"Authorization: {webapp.bearer('jobs:run')['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


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


async def _main(folder: Path) -> None:
    """Serve with the limits as shipped, and print the port."""
    work = Work()
    work.go.set()
    environment = {name: text for name, text in webapp.ENVIRONMENT.items() if "BYTES" not in name}
    app = webapp.build(
        Database(f"sqlite+aiosqlite:///{folder}/tiny.db"),
        settings=Settings.load(environment),
        routers=[work.router],
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        await uvicorn.Server(server_config(app, app.state.web.metrics, host="127.0.0.1", port=0)).serve([listening])


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
