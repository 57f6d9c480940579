"""Daily registers: CPU time a point that is told, and statements a batch; event loop and database of one process.

Goal: at most 120 µs of CPU a point (`MICROSECONDS_MAX`) in batches of 500, and as many statements in each batch.
"""

import asyncio
import tempfile
import time
from pathlib import Path

from tests.kits import daily
from tests.kits.reading import Kit, Statements, read, running

POINTS, DAYS, AT_ONCE, MICROSECONDS_MAX = 1_000, 10, 500, 120


async def _made(kit: Kit) -> None:
    await kit.district(POINTS)
    for first in range(1, POINTS + 1, AT_ONCE):
        await kit.give(*[daily.account(n) for n in range(first, first + AT_ONCE)])
    await daily.tell(kit)


async def _pushed(kit: Kit, day: int) -> None:
    for first in range(1, POINTS + 1, AT_ONCE):
        shown = f"{100 + 7 * day}.00"
        await kit.push(*[read(f"M{n:04d}", f"2026-01-{day:02}", shown) for n in range(first, first + AT_ONCE)])


async def _measured() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with running(f"sqlite+aiosqlite:///{directory}/bench.db", Path(directory)) as kit:
            await _made(kit)
            spent, statements = [], 0
            for day in range(2, 2 + DAYS):
                await _pushed(kit, day)
                with Statements(kit) as seen:
                    begin = time.process_time()
                    assert await daily.tell(kit) == POINTS
                    spent.append(time.process_time() - begin)
                statements = len(seen.texts)
            least = min(spent) / POINTS * 1e6
            print(
                f"{least:.0f} µs of CPU a point ({sorted(spent)[DAYS // 2] / POINTS * 1e6:.0f} µs in the middle of {DAYS})"
            )
            print(f"{statements} statements for {POINTS} points in batches of {AT_ONCE}; goal: {MICROSECONDS_MAX} µs")


def run() -> None:
    """Print the figures."""
    asyncio.run(_measured())
