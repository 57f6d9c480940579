"""From the first POST of a read to the last receivable and queued notice, all processes on this machine, auth on.

Floor: 1,000 accounts/s and at most 1,600 µs of CPU per account over all processes; goal 1,700/s and 1,000 µs.
"""

import asyncio
import os
import statistics
import time
from datetime import date

from tests.bench.installation import READ_ON, Installation, next_day

SIZES = tuple(int(n) for n in os.environ.get("BENCH_ACCOUNTS", "10000,100000").split(","))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
PARTS = ("reading", "billing", "collection", "notify", "postgres", "kafka", "loader")
CYCLE_SECONDS_MAX = 900.0


async def _cycle(made: Installation, day: date) -> tuple[float, dict[str, float]]:
    await made.ready()
    await made.set_up()
    messages = made.read_batches(range(made.accounts), day)
    collection, notify = await made.connect("collection"), await made.connect("notify")

    async def finished() -> bool:
        if await collection.fetchval("SELECT count(*) FROM receivable") < made.accounts:
            return False
        return bool(await notify.fetchval("SELECT count(*) FROM notice") >= made.accounts)

    before = made.cpu_seconds()
    began = time.monotonic()
    await made.push(messages)
    pushed = time.monotonic() - began
    await made.job("reading", "close-routes", next_day(day))
    closed = time.monotonic() - began
    await made.until("all receivables and notices", finished, CYCLE_SECONDS_MAX)
    seconds = time.monotonic() - began
    after = made.cpu_seconds()
    print(f"  reads in {pushed:.1f} s, routes closed at {closed:.1f} s, last notice at {seconds:.1f} s", flush=True)
    await collection.close()
    await notify.close()
    return seconds, {name: after[name] - before[name] for name in PARTS}


def run() -> None:
    for accounts in SIZES:
        rates, totals = [], []
        for _ in range(RUNS):
            with Installation(accounts) as made:
                seconds, cpu = asyncio.run(_cycle(made, READ_ON))
                peaks = made.peak_mebibytes()
            per_account = {name: 1e6 * spent / accounts for name, spent in cpu.items()}
            rates.append(accounts / seconds)
            totals.append(sum(per_account.values()))
            parts = "  ".join(f"{name} {value:.0f}" for name, value in per_account.items())
            print(f"  {accounts} accounts: {rates[-1]:.0f}/s, {totals[-1]:.0f} µs CPU per account: {parts}")
            print("  peak memory, MiB: " + "  ".join(f"{name} {value}" for name, value in peaks.items()), flush=True)
        print(
            f"{accounts} accounts: median {statistics.median(rates):.0f} accounts/s ({min(rates):.0f} to {max(rates):.0f}), "
            f"{statistics.median(totals):.0f} µs CPU per account ({min(totals):.0f} to {max(totals):.0f})"
        )
