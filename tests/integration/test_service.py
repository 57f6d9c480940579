"""A service as one process: all of its loops run, or it ends and says why."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from shared.bus.embedded import EmbeddedEventLog
from shared.bus.relay import Relay
from shared.service import Service
from shared.testing.servers import free_port
from tests.kits import tiny

END_SECONDS_MAX = 20


async def ends_early() -> None:
    """Return at once, as no loop should."""


async def cancelled_from_within() -> None:
    """Meet the cancellation of somebody else's task, as a library may hand it on."""
    task = asyncio.ensure_future(asyncio.Event().wait())
    task.cancel()
    await task


async def goes_on() -> None:
    await asyncio.Event().wait()


async def serve(tmp_path: Path, loop: Callable[[], Coroutine[Any, Any, None]], stop: asyncio.Event) -> None:
    database = await tiny.create(f"sqlite+aiosqlite:///{tmp_path / 'tiny.db'}")
    event_log = EmbeddedEventLog(tmp_path / "events.db")
    await event_log.start()
    service = Service(
        name="tiny",
        app=FastAPI(),
        database=database,
        consumer=None,
        relay=Relay("tiny", database, event_log),
        background=[loop],
    )
    try:
        async with asyncio.timeout(END_SECONDS_MAX):
            await service.serve(host="127.0.0.1", port=free_port(), stop=stop)
    finally:
        await event_log.stop()


@pytest.mark.parametrize("loop", [ends_early, cancelled_from_within])
async def test_a_service_one_of_whose_loops_ended_ends_with_an_error(
    tmp_path: Path, loop: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await serve(tmp_path, loop, asyncio.Event())
    assert loop.__name__ in str(raised.value.exceptions[0])


async def test_a_service_that_is_told_to_stop_ends_in_peace(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    await serve(tmp_path, goes_on, stop)
