"""Loops that work until they are cancelled, whatever happens in them: nothing that a loop meets may end its service."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from shared.metrics import Metrics

log = logging.getLogger(__name__)

BACKOFF_SECONDS_MAX = 30.0
DOUBLINGS_MAX = 16  # far above every limit; unbounded, the thousandth failure in a row would be more than a float holds
SETTLED_SECONDS = 60.0  # a loop that ran so long begins to count its failures anew

Loop = Callable[[], Coroutine[Any, Any, None]]
"""A loop that works until it is cancelled."""


def backoff(failures: int, *, first: float = 0.2, most: float = BACKOFF_SECONDS_MAX) -> float:
    """Return the seconds to wait after so many failures in a row: doubled each time up to `most`, at random within the half."""
    doubled: float = first * 2.0 ** min(failures - 1, DOUBLINGS_MAX)
    return random.uniform(0.5, 1.0) * min(doubled, most)


async def survive(name: str, loop: Loop, metrics: Metrics) -> None:
    """Run a loop until cancelled; where it ends or fails with what nobody thought of, say so, wait, and begin it again."""
    counter = metrics.counter("loop_failures_total").labels(name)  # from 0 on: an alert cannot see a first count grow
    failures = 0
    while True:
        begun = time.monotonic()
        try:
            await loop()
            if _cancelled():
                return
            log.error("a loop ended by itself and is begun again", extra={"loop": name})
        except asyncio.CancelledError as error:
            if _cancelled():
                raise
            log.error("a loop was cancelled from inside and is begun again", extra={"loop": name}, exc_info=error)
        except Exception:
            if _cancelled():
                log.exception("a loop failed while it was ended", extra={"loop": name})
                return
            log.exception("a loop failed with what nobody thought of and is begun again", extra={"loop": name})
        counter.inc()
        failures = 1 if time.monotonic() - begun >= SETTLED_SECONDS else failures + 1
        await asyncio.sleep(backoff(failures))


async def until_finished(
    work: Callable[[asyncio.Event], Awaitable[object]], *, wake: Callable[[], None], seconds: float
) -> None:
    """Run work until cancelled; then have it finish what is in flight, for so many seconds, so that nothing is left in doubt.

    The work is given the event that tells it to take nothing new; `wake` tells it to look at that.
    """
    stop = asyncio.Event()
    working = asyncio.ensure_future(work(stop))
    try:
        await asyncio.shield(working)
    except asyncio.CancelledError:
        stop.set()
        wake()
        async with asyncio.timeout(seconds):
            await working
        raise


def _cancelled() -> bool:
    task = asyncio.current_task()
    return task is None or bool(task.cancelling())
