"""A service under a real HTTP server, in a thread with an event loop of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator

import uvicorn
from fastapi import FastAPI

START_SECONDS_MAX = 90


@contextlib.contextmanager
def served(build: Callable[[], Awaitable[tuple[FastAPI, Callable[[], Awaitable[None]]]]]) -> Iterator[str]:
    """Serve an app and yield its base URL; `build` returns the app and how to close it, inside its loop."""
    listening = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    servers: list[uvicorn.Server] = []
    failures: list[BaseException] = []

    async def serve() -> None:
        app, close = await build()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        servers.append(server)
        ready.set()
        try:
            await server.serve([listening])
        finally:
            await close()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as failure:
            failures.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(START_SECONDS_MAX)
        if failures:
            raise failures[0]
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        for server in servers:
            server.should_exit = True
        thread.join()
        listening.close()
