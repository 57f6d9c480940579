"""Two tiny services that hand facts on: enough to prove the platform without the product.

`meter` counts up numbers per key and publishes each; `book` writes down what it is told, in the order in which it is told.
"""

import asyncio
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Column, Integer, MetaData, String, Table, func, select

from shared.bus.consumer import Consumer
from shared.bus.ports import EventLog
from shared.bus.relay import Relay
from shared.db import bulk, columns, platform
from shared.db.engine import Database, Tx, View
from shared.events.collection import PaymentReceived, ReceivableCleared
from shared.loops import survive
from shared.metrics import Metrics
from shared.testing.faults import Crash, CrashingTx, CrashPlan

METADATA = MetaData()
COUNTER = Table("counter", METADATA, Column("key", String(64), primary_key=True), Column("n", Integer, nullable=False))
ENTRY = Table(
    "entry",
    METADATA,
    Column("id", columns.BigInt, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False),
    Column("n", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    sqlite_autoincrement=True,
)
platform.tables(METADATA)
FACTS_MAX, DEAD_LETTERS_MAX = 2000, 100  # of a consumer, as the settings have them


async def create(url: str, *, pool_size: int = 10) -> Database:
    database = Database(url, pool_size=pool_size)
    async with database.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    return database


def payment(key: str, n: int) -> PaymentReceived:
    return PaymentReceived(
        account_no=key, payment_id=str(n), org_unit="x", channel="counter", amount_fen=n, received_on=date(2026, 1, 1)
    )


def cleared(key: str, n: int) -> ReceivableCleared:
    return ReceivableCleared(
        account_no=key, receivable_id=str(n), document_kind="bill", document_id="b", cleared_on=date(2026, 1, 1)
    )


async def count_up(tx: Tx, keys: Sequence[str]) -> None:
    """Publish the next number of each key, as a use case must: the keys' rows locked first, in order."""
    await bulk.insert_ignore(tx, COUNTER, {"key": sorted(keys), "n": [0] * len(keys)}, key=("key",))
    await bulk.lock(tx, COUNTER, {"key": keys})
    rows = await bulk.select_in(tx, COUNTER, {"key": sorted(keys)}, order_by=(COUNTER.c.key,))
    await bulk.update_from(tx, COUNTER, {"key": [r.key for r in rows], "n": [r.n + 1 for r in rows]}, key=("key",))
    tx.publish([payment(r.key, r.n + 1) for r in rows])


class Book:
    """Handlers that write down facts; numbers in `poison` fail until they are taken out of it."""

    def __init__(self) -> None:
        self.poison: set[tuple[str, int]] = set()
        self.calls: list[int] = []

    async def payments(self, tx: Tx, facts: Sequence[PaymentReceived]) -> None:
        await self._write(tx, [(f.account_no, f.amount_fen) for f in facts], "payment")

    async def clearings(self, tx: Tx, facts: Sequence[ReceivableCleared]) -> None:
        await self._write(tx, [(f.account_no, int(f.receivable_id)) for f in facts], "cleared")

    async def _write(self, tx: Tx, rows: Sequence[tuple[str, int]], kind: str) -> None:
        self.calls.append(len(rows))
        await bulk.insert_rows(
            tx, ENTRY, {"key": [k for k, _ in rows], "n": [n for _, n in rows], "kind": [kind] * len(rows)}
        )
        if self.poison.intersection(rows):
            raise ZeroDivisionError("a text that may hold a name")

    def consumer(
        self,
        database: Database,
        event_log: EventLog,
        *,
        dead_letters_max: int = DEAD_LETTERS_MAX,
        metrics: Metrics | None = None,
    ) -> Consumer:
        handlers = {PaymentReceived: self.payments, ReceivableCleared: self.clearings}
        return Consumer(
            "book",
            database,
            event_log,
            handlers,
            facts_max=FACTS_MAX,
            dead_letters_max=dead_letters_max,
            metrics=metrics,
        )


async def entries(view: View) -> dict[str, list[int]]:
    """Return what was written down of payments, by key, in the order of writing."""
    rows = await view.all(select(ENTRY).where(ENTRY.c.kind == "payment").order_by(ENTRY.c.id))
    result: dict[str, list[int]] = {}
    for row in rows:
        result.setdefault(row.key, []).append(row.n)
    return result


async def number_of_entries(database: Database) -> int:
    async with database.view() as view:
        return int(await view.scalar(select(func.count()).select_from(ENTRY)))


async def run_until(
    meter: Database, book_of: Database, book: Book, event_log: EventLog, *, wanted: int, plan: CrashPlan | None = None
) -> int:
    """Run relay and consumer until `wanted` entries are there; start them again after each crash, and return how many."""
    crashes = 0
    if plan is not None:
        CrashingTx.plan = plan
    while True:
        tasks = [
            asyncio.create_task(survive("relay", Relay("collection", meter, event_log).run, Metrics())),
            asyncio.create_task(survive("consumer", book.consumer(book_of, event_log).run, Metrics())),
        ]
        try:
            async with asyncio.timeout(60):
                # the rows of other tasks, seen through the database alone
                while await number_of_entries(book_of) < wanted and not any(t.done() for t in tasks):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        unexpected = [r for r in results if not isinstance(r, Crash | asyncio.CancelledError)]
        assert not unexpected, unexpected
        if not any(isinstance(r, Crash) for r in results):
            return crashes
        crashes += 1
