"""Account data of 10,000 contracts changed for a billed month, corrected at once: its cost beside that of billing the month."""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from services.billing.bills.domain.policy import CORRECT
from services.billing.contracts.domain import Account
from shared.events.billing import BillCorrected
from shared.testing.servers import PostgresServer
from tests.kits import billing
from tests.kits.billing import Desk, account, closed, usage

CONTRACTS = int(os.environ.get("BENCH_CONTRACTS", "10000"))
BATCH = 1000


async def _timed(
    desk: Desk, what: str, numbers: Sequence[int], work: Callable[[Sequence[int]], Awaitable[object]]
) -> float:
    """Work in batches, print what one contract costs and how many statements a batch took, and return the former in µs."""
    seen, counts, began = desk.watch(), [], time.process_time()
    started = time.monotonic()
    for batch in (numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)):
        before = len(seen)
        await work(batch)
        counts.append(len(seen) - before)
    cost = (time.monotonic() - started) * 1e6 / len(numbers)
    cpu = (time.process_time() - began) * 1e6 / len(numbers)
    print(
        f"  {what}: {cost:.0f} µs a contract, {cpu:.0f} of them in Python; statements of a batch {sorted(set(counts))}"
    )
    return cost


async def _bench(url: str, folder: Path) -> None:
    async with billing.desk(url, folder) as desk:
        desk.correct_by(changed_facts=CORRECT)
        numbers = range(1, CONTRACTS + 1)

        def changed(n: int) -> Account:
            (contract,) = account(n).contracts
            used = {"ladders": {"year": {"year": 2026, "used_wh": [2_700_000, 0, 0]}}}
            return account(n, contracts=(replace(contract, opening=used),))

        await _timed(desk, "opened", numbers, lambda batch: desk.open(*map(account, batch)))
        billed = await _timed(desk, "billed", numbers, lambda batch: desk.measure(*map(usage, batch)))
        await desk.close(closed([usage(n) for n in numbers]))
        while await desk.work():
            pass
        corrected = await _timed(desk, "corrected", numbers, lambda batch: desk.open(*map(changed, batch)))
        made = await desk.published(BillCorrected)
        assert len(made) == CONTRACTS, len(made)
    print(f"corrected ÷ billed: {corrected / billed:.2f}")


def run() -> None:
    with PostgresServer(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_bench(server.create_database("bench_corrections"), Path(folder)))
