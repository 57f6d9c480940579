"""Loops that nothing ends: how long they wait, and that an alert can see their first failure."""

import asyncio

import pytest

from shared.loops import BACKOFF_SECONDS_MAX, backoff, survive
from shared.metrics import Metrics


@pytest.mark.parametrize(("failures", "most"), [(1, 0.2), (2, 0.4), (6, 6.4), (9, 30.0), (5_000, BACKOFF_SECONDS_MAX)])
def test_the_wait_doubles_with_each_failure_up_to_its_limit_however_many_there_are(failures: int, most: float) -> None:
    waits = [backoff(failures) for _ in range(50)]
    assert all(most / 2 <= wait <= most for wait in waits)


async def test_the_failures_of_a_loop_are_counted_from_zero_on() -> None:
    metrics = Metrics()
    running = asyncio.create_task(survive("tiny", asyncio.Event().wait, metrics))
    await asyncio.sleep(0)
    assert b'wattline_loop_failures_total{loop="tiny"} 0.0' in metrics.exposition()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_loop_that_fails_while_it_is_ended_is_not_begun_again() -> None:
    begun = []

    async def loop() -> None:
        begun.append(1)
        try:
            await asyncio.Event().wait()
        finally:
            if len(begun) == 1:
                raise ZeroDivisionError

    running = asyncio.create_task(survive("tiny", loop, Metrics()))
    await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=2)
    assert done
    assert begun == [1]
