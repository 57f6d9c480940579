"""Daily charges: CPU time an account in billing (a register heard and rated) and in collection (an estimate heard and judged).

Goal: with the register of reading (`daily_registers`) at most 400 µs of CPU an account over all processes.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from tests.kits import billing, collection, daily_charges, prepaid

ACCOUNTS, DAYS, AT_ONCE = 1_000, 10, 500
NUMBERS = range(1, ACCOUNTS + 1)


async def _spent(do: Callable[[], Awaitable[object]]) -> float:
    begin = time.process_time()
    await do()
    return (time.process_time() - begin) / ACCOUNTS * 1e6


async def _billing() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with billing.desk(f"sqlite+aiosqlite:///{directory}/bench.db", Path(directory)) as desk:
            for first in range(1, ACCOUNTS + 1, AT_ONCE):
                numbers = range(first, first + AT_ONCE)
                await desk.open(*[daily_charges.account(n) for n in numbers])
                await desk.released(*[billing.usage(n, 1, 200, route=f"R{first}") for n in numbers])
            await daily_charges.tell(desk)
            heard, told = [], []
            for day in range(2, 2 + DAYS):
                facts = [daily_charges.register(n, f"2026-02-{day:02}", 7 * day, version=day) for n in NUMBERS]

                async def hear(facts: list[object] = facts) -> None:  # type: ignore[assignment]
                    for first in range(0, ACCOUNTS, AT_ONCE):
                        await desk.give(*facts[first : first + AT_ONCE])  # type: ignore[arg-type]

                heard.append(await _spent(hear))
                told.append(await _spent(lambda: daily_charges.tell(desk)))
            print(f"billing: {min(heard):.0f} µs of CPU to hear a register, {min(told):.0f} to rate and tell it")


async def _collection() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with collection.started(f"sqlite+aiosqlite:///{directory}/bench.db", Path(directory)) as kit:
            numbers = [f"N{n:05}" for n in NUMBERS]
            await kit.give(*[collection.account(no) for no in numbers])
            heard, judged = [], []
            for day in range(2, 2 + DAYS):
                facts = [
                    prepaid.estimate(-10_000 + 100 * day, day, account_no=no, through=date(2026, 4, day))
                    for no in numbers
                ]

                async def hear(facts: list[object] = facts) -> None:  # type: ignore[assignment]
                    for first in range(0, ACCOUNTS, AT_ONCE):
                        await kit.give(*facts[first : first + AT_ONCE])

                heard.append(await _spent(hear))
                judged.append(await _spent(lambda: prepaid.judge(kit)))
            print(f"collection: {min(heard):.0f} µs of CPU to hear an estimate, {min(judged):.0f} to judge its account")


def run() -> None:
    """Print the figures."""
    asyncio.run(_billing())
    asyncio.run(_collection())
