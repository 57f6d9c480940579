"""Usages that wait in the log while billing is stopped, drained once it is started again."""

import asyncio
import os
import statistics
import time

from tests.bench.installation import Installation

USAGES = int(os.environ.get("BENCH_USAGES", "50000"))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
DRAIN_SECONDS_MAX = 600.0


async def _drain(made: Installation) -> float:
    await made.ready()
    await made.set_up()
    made.stop("billing")
    await made.push(made.read_batches(range(USAGES)))
    reading, billing = await made.connect("reading"), await made.connect("billing")

    async def published() -> bool:
        return await reading.fetchval("SELECT count(*) FROM journal_pending") == 0

    async def billed() -> bool:
        return bool(await billing.fetchval("SELECT count(*) FROM bill") >= USAGES)

    await made.until("usages in the log", published, DRAIN_SECONDS_MAX)
    made.start("billing")
    await made.ready()
    began = time.monotonic()
    await made.until("all usages billed", billed, DRAIN_SECONDS_MAX)
    seconds = time.monotonic() - began
    await reading.close()
    await billing.close()
    return seconds


def run() -> None:
    rates = []
    for _ in range(RUNS):
        with Installation(USAGES) as made:
            seconds = asyncio.run(_drain(made))
            rates.append(USAGES / seconds)
            print(f"  {USAGES} usages in {seconds:.1f} s after ready: {rates[-1]:.0f}/s", flush=True)
    print(f"drained: median {statistics.median(rates):.0f} usages/s ({min(rates):.0f} to {max(rates):.0f})")
