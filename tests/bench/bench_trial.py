"""A trial run of a dearer tariff over 100,000 accounts with a billed month, on PostgreSQL, rated by two processes.

The bills are made through the use cases, and none of that is timed. Seconds of the wall say little where the machine does other
work, so the CPU time of the service, of the processes that rate and of PostgreSQL is told beside them.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from services.billing.trials import jobs
from services.billing.trials.jobs import CONTRACTS_MAX
from shared.testing.servers import PostgresServer
from tests.bench.installation import postgres_seconds
from tests.kits import billing, trial_town
from tests.kits.billing import Desk, account, path_of, usage

ACCOUNTS = int(os.environ.get("BENCH_ACCOUNTS", "100000"))
PROCESSES = 2
BATCH = 2000
SECONDS_MAX = 60
WISH = {"cycle_from": "2026-01", "cycle_to": "2026-01", "reason": "the bench"}
LOOK_SECONDS = 0.2


def _batches() -> Iterator[Sequence[int]]:
    for start in range(1, ACCOUNTS + 1, BATCH):
        yield range(start, min(start + BATCH, ACCOUNTS + 1))


async def _billed(desk: Desk) -> None:
    await desk.activate(trial_town.home())
    for numbers in _batches():
        await desk.open(*(account(n, tariff=trial_town.HOME) for n in numbers))
        await desk.measure(*(usage(n, 1, 50 + n * 7919 % 600) for n in numbers))


async def _proposed(desk: Desk) -> str:
    document = trial_town.home(2, since="2026-01-01", price="0.638")
    async with desk.client(subject="proposer-1") as client:
        asked = (await client.put(path_of(document), json=document)).json()
        items = (await client.get("/v1/approvals?limit=500")).json()["items"]
    return str(next(o["content"]["content_hash"] for o in items if o["approval_id"] == asked["approval_id"]))


class _Raters:
    """The CPU seconds of the processes that rate, looked at until they end."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}

    @property
    def seconds(self) -> float:
        return sum(self._seen.values())

    async def watch(self) -> None:
        while True:
            for child in psutil.Process().children():
                try:
                    if "spawn_main" in " ".join(child.cmdline()):
                        times = child.cpu_times()
                        self._seen[child.pid] = times.user + times.system
                except psutil.NoSuchProcess:
                    continue
            await asyncio.sleep(LOOK_SECONDS)


async def _bench(server: PostgresServer, folder: Path) -> None:
    url = server.create_database("bench_trial")
    async with billing.desk(url, folder) as desk:
        await _billed(desk)
        content_hash = await _proposed(desk)
        async with desk.client() as client:
            asked = await client.post("/v1/trial-runs", json=WISH | {"proposals": [content_hash]})
            assert asked.status_code == 202, asked.text
            raters = _Raters()
            watching = asyncio.create_task(raters.watch())
            began, cpu, stored = time.monotonic(), time.process_time(), postgres_seconds(server)
            assert await jobs.work_once(desk.db, desk.context, by="bench", processes=PROCESSES)
            seconds, own = time.monotonic() - began, time.process_time() - cpu
            stored = postgres_seconds(server) - stored
            watching.cancel()
            trial = (await client.get(f"/v1/trial-runs/{asked.json()['trial_id']}")).json()
    totals = trial["report"]["totals"]
    assert trial["status"] == "done"
    assert totals["bills"] == totals["changed"] == ACCOUNTS, totals
    print(f"  {ACCOUNTS} accounts in {seconds:.1f} s: {ACCOUNTS / seconds:.0f} a second, in chunks of {CONTRACTS_MAX}")
    used = own + raters.seconds + stored
    print(
        f"  CPU: service {own:.1f} s, {PROCESSES} processes that rate {raters.seconds:.1f} s, PostgreSQL {stored:.1f} s;"
        f" {used * 1e6 / ACCOUNTS:.0f} µs an account, {used / 2:.0f} s on two cores with nothing else to do"
    )
    limit = SECONDS_MAX * ACCOUNTS / 100_000
    print(f"  wanted: {limit:.0f} s; by the wall {seconds:.0f} s, by the CPU time {used / 2:.0f} s")


def run() -> None:
    with PostgresServer(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_bench(server, Path(folder)))
