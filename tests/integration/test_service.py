"""A service as one process: whatever happens in its loops, it answers, and begins them again."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from shared.bus.embedded import EmbeddedEventLog
from shared.bus.relay import Relay
from shared.bus.watch import Watch
from shared.db.sealing import Sealer
from shared.metrics import Metrics
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


async def fails() -> None:
    raise ZeroDivisionError


async def goes_on() -> None:
    await asyncio.Event().wait()


async def serve(
    tmp_path: Path, loop: Callable[[], Coroutine[Any, Any, None]], stop: asyncio.Event, metrics: Metrics | None = None
) -> None:
    database = await tiny.create(f"sqlite+aiosqlite:///{tmp_path / 'tiny.db'}")
    event_log = EmbeddedEventLog(tmp_path / "events.db")
    await event_log.start()
    service = Service(
        name="tiny",
        app=FastAPI(),
        database=database,
        consumer=None,
        relay=Relay("tiny", database, event_log),
        watch=Watch(event_log, metrics or Metrics()),
        sealer=Sealer("tiny", database),
        background=[loop],
        metrics=metrics or Metrics(),
    )
    try:
        async with asyncio.timeout(END_SECONDS_MAX):
            await service.serve(host="127.0.0.1", port=free_port(), stop=stop)
    finally:
        await event_log.stop()


@pytest.mark.parametrize("meet", [ends_early, cancelled_from_within, fails])
async def test_a_loop_that_ended_is_begun_again_counted_and_does_not_end_its_service(
    tmp_path: Path, meet: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    stop, metrics, times = asyncio.Event(), Metrics(), count(1)

    async def loop() -> None:
        if next(times) == 3:
            stop.set()
            await goes_on()
        await meet()

    await serve(tmp_path, loop, stop, metrics)
    assert b'wattline_loop_failures_total{loop="background_0"} 2.0' in metrics.exposition()


async def test_a_service_that_is_told_to_stop_ends_in_peace(tmp_path: Path) -> None:
    stop = asyncio.Event()
    stop.set()
    await serve(tmp_path, goes_on, stop)
