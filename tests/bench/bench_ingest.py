"""HTTP batches of 500 three-register reads until their 2xx, against COPY of the same rows into the same table with its keys.

Both in one run on one server: ratio = HTTP rows/s ÷ COPY rows/s; floor 0.20, goal 0.40. Once for a common day, once for the
read day itself, where the batch also measures the usages and journals their facts.
"""

import asyncio
import os
import statistics
import time
from datetime import date, timedelta

from tests.bench.installation import READ_ON, Installation

READS = int(os.environ.get("BENCH_READS", "50000"))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
REGISTERS = 3
AT_ONCE = 4


async def _copy_seconds(made: Installation, day: date) -> float:
    """Return how long COPY takes for the rows that the day's posts have made, into a table like theirs."""
    connection = await made.connect("reading")
    try:
        await connection.execute("DROP TABLE IF EXISTS read_copy; CREATE TABLE read_copy (LIKE read INCLUDING ALL)")
        rows = await connection.fetch(
            "SELECT * FROM read WHERE read_at::date BETWEEN $1 AND $2", day - timedelta(days=1), day
        )
        records = [tuple(row) for row in rows]
        assert len(records) == READS * REGISTERS, len(records)
        began = time.monotonic()
        await connection.copy_records_to_table("read_copy", records=records, columns=list(rows[0].keys()))
        return time.monotonic() - began
    finally:
        await connection.close()


async def _measure(made: Installation) -> dict[str, tuple[float, float]]:
    await made.ready()
    await made.set_up()
    found = {}
    for name, day in (("common day", READ_ON - timedelta(days=5)), ("read day", READ_ON)):
        messages = made.read_batches(range(READS), day)
        began = time.monotonic()
        await made.push(messages, at_once=AT_ONCE)
        found[name] = time.monotonic() - began, await _copy_seconds(made, day)
    return found


def run() -> None:
    ratios: dict[str, list[float]] = {}
    for _ in range(RUNS):
        with Installation(READS) as made:
            for name, (http, copy) in asyncio.run(_measure(made)).items():
                ratios.setdefault(name, []).append(copy / http)
                rows = READS * REGISTERS
                print(
                    f"  {name}: HTTP {rows / http:.0f} rows/s, COPY {rows / copy:.0f} rows/s, ratio {copy / http:.2f}",
                    flush=True,
                )
    for name, values in ratios.items():
        print(f"{name}: median ratio {statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
