"""One durable push at a time, 100 a second on a fixed timetable (open loop: a slow answer does not thin the load)."""

import asyncio
import os
import statistics
import time
from datetime import timedelta

import orjson

from shared.web import devices
from tests.bench.installation import READ_ON, Installation

RATE = 100
SECONDS = int(os.environ.get("BENCH_SECONDS", "30"))
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
ACCOUNTS = 1000


async def _latencies(made: Installation) -> list[float]:
    await made.ready()
    await made.set_up()
    client = made.client("reading")
    key = made.device_key
    latencies: list[float] = []

    async def push(number: int, due: float) -> None:
        day = READ_ON - timedelta(days=5 + number // ACCOUNTS)
        item = {
            "meter_no": f"M-{number % ACCOUNTS:07}",
            "read_at": f"{day}T00:00:00+08:00",
            "source": "remote",
            "unit": "kWh",
            "registers": {"import": "1010.00", "import.peak": "606.00", "import.valley": "404.00"},
        }
        body = orjson.dumps({"items": [item]})
        headers = devices.sign(key=key, device_id=made.head_end(0), method="POST", target="/v1/reads", body=body)
        answer = await client.post("/v1/reads", content=body, headers=headers)
        if answer.status_code != 200 or b'"refused"' in answer.content:
            raise RuntimeError(answer.text[:300])
        latencies.append(time.monotonic() - due)

    began = time.monotonic() + 0.5
    async with asyncio.TaskGroup() as group:
        for number in range(RATE * SECONDS):
            due = began + number / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            group.create_task(push(number, due))
    return latencies


def run() -> None:
    found = []
    for _ in range(RUNS):
        with Installation(ACCOUNTS) as made:
            latencies = asyncio.run(_latencies(made))
        cuts = statistics.quantiles(latencies, n=100)
        found.append(cuts[98])
        print(
            f"  {len(latencies)} pushes at {RATE}/s: p50 {1000 * cuts[49]:.1f} ms, p99 {1000 * cuts[98]:.1f} ms",
            flush=True,
        )
    print(
        f"push p99: median {1000 * statistics.median(found):.1f} ms ({1000 * min(found):.1f} to {1000 * max(found):.1f})"
    )
