"""Bills that become notices: 100,000 accounts, a party each, on PostgreSQL, in batches as the consumer takes them.

Parties and facts are made before, and none of that is timed. The event loop and the garbage collector are those of a service.
The CPU time of the service and that of its database are told apart; the goal is of the service, as a cycle counts it.
"""

import os
import time
from collections.abc import Iterator, Sequence

import asyncpg

from services.command import serve
from shared.db.engine import Database
from shared.testing.servers import PostgresServer
from tests.bench.installation import postgres_seconds
from tests.kits import databases
from tests.kits.notify import HandClock, Notify, contact
from tests.kits.told_facts import issued

ACCOUNTS = int(os.environ.get("BENCH_ACCOUNTS", "100000"))
BATCH = 2000
CPU_MICROSECONDS_MAX = 60


def _batches() -> Iterator[Sequence[int]]:
    for start in range(1, ACCOUNTS + 1, BATCH):
        yield range(start, min(start + BATCH, ACCOUNTS + 1))


async def _known_to_the_planner(url: str) -> None:
    """Have PostgreSQL look at its tables now, as it does by itself within a minute."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute("ANALYZE")
    await connection.close()


async def _queued(server: PostgresServer) -> tuple[float, float]:
    """Return the seconds of CPU of the service and of PostgreSQL that it takes to queue a notice for each account."""
    url = server.create_database("bench_queueing")
    await databases.migrate(url, "notify")
    database = Database(url, clock=(clock := HandClock()))
    notify = Notify(database, clock)
    for numbers in _batches():
        await notify.put(*(contact(n) for n in numbers))
    await _known_to_the_planner(url)
    serve.settle()
    seconds = stored = 0.0
    for numbers in _batches():
        facts = [issued(n) for n in numbers]
        before, began = postgres_seconds(server), time.process_time()
        await notify.handle(*facts)
        seconds += time.process_time() - began
        stored += postgres_seconds(server) - before
    await database.close()
    return seconds, stored


def run() -> None:
    with PostgresServer(durable=True) as server:
        service, stored = (seconds / ACCOUNTS * 1e6 for seconds in serve.run(_queued(server)))
    print(
        f"  {ACCOUNTS} notices queued, batches of {BATCH}: {service:.0f} µs of CPU of the service each"
        f" (at most {CPU_MICROSECONDS_MAX}), {stored:.0f} of PostgreSQL"
    )
