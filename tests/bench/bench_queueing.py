"""Bills that become notices: 100,000 accounts, a party each, on SQLite, in batches as the consumer takes them.

Parties and facts are made before, and none of that is timed. The CPU time is that of the process, the database within it.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from shared.db.engine import Database
from tests.kits import databases
from tests.kits.notify import HandClock, Notify, contact
from tests.kits.told_facts import issued

ACCOUNTS = int(os.environ.get("BENCH_ACCOUNTS", "100000"))
BATCH = 2000
CPU_MICROSECONDS_MAX = 60


def _batches() -> Iterator[Sequence[int]]:
    for start in range(1, ACCOUNTS + 1, BATCH):
        yield range(start, min(start + BATCH, ACCOUNTS + 1))


async def _queued(directory: str) -> float:
    """Return the seconds of CPU that it takes to queue a notice for each account."""
    url = f"sqlite+aiosqlite:///{Path(directory) / 'notify.db'}"
    await databases.migrate(url, "notify")
    database = Database(url, clock=(clock := HandClock()))
    notify = Notify(database, clock)
    for numbers in _batches():
        await notify.put(*(contact(n) for n in numbers))
    seconds = 0.0
    for numbers in _batches():
        facts = [issued(n) for n in numbers]
        began = time.process_time()
        await notify.handle(*facts)
        seconds += time.process_time() - began
    await database.close()
    return seconds


def run() -> None:
    with tempfile.TemporaryDirectory() as directory:
        each = asyncio.run(_queued(directory)) / ACCOUNTS * 1e6
    print(
        f"  {ACCOUNTS} notices queued, batches of {BATCH}: {each:.0f} µs of CPU each (at most {CPU_MICROSECONDS_MAX})"
    )
