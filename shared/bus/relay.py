"""The relay: one leader per service sends the journal's events in order, and deletes the pointers to what was sent.

With several writers a cursor over positions loses events and parallel workers swap events of one key (both were measured);
one leader does neither. A second leader by accident sends duplicates at most, never another order: each leader sends in order.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from zlib import crc32

from sqlalchemy import Row, delete, func, select
from sqlalchemy.exc import DBAPIError

from shared import ids
from shared.bus.ports import EventLog, EventLogUnavailable, Record
from shared.db import bulk, journal, platform, travel
from shared.db.engine import Database, Tx
from shared.db.transient import is_transient
from shared.events import envelope
from shared.metrics import Metrics
from shared.wake import Wake

log = logging.getLogger(__name__)

BATCH = 200  # events sent together: 2 MiB as they commonly are
POLL_SECONDS = 1.0  # only for what another process journalled; a commit in this one wakes the relay
BACKOFF_SECONDS_MAX = 10.0
LEASE_SECONDS = 5.0  # SQLite: how long a dead leader keeps the lease; one that ends well gives it back
STANDBY_SECONDS = 1.0


class NotLeader(Exception):
    """Another process leads."""


class Leader(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Tx]: ...


class Relay:
    """Sends what a service journals. `wake` is set after each commit that journalled."""

    def __init__(
        self, service: str, database: Database, event_log: EventLog, *, metrics: Metrics | None = None
    ) -> None:
        self._service = service
        self._database = database
        self._event_log = event_log
        self._metrics = metrics or Metrics()
        self.wake = Wake()
        database.on_journal = self.wake.set

    async def run(self) -> None:
        """Lead or stand by until cancelled."""
        failures = 0
        while True:
            try:
                async with leadership(self._database, self._service) as leader:
                    failures = 0
                    self._metrics.gauge("relay_leader").set(1)
                    await self._lead(leader)
            except NotLeader:
                self._metrics.gauge("relay_leader").set(0)
                await asyncio.sleep(STANDBY_SECONDS)
            except (EventLogUnavailable, DBAPIError, OSError, TimeoutError) as error:
                if isinstance(error, DBAPIError) and not is_transient(error):
                    log.exception("the relay met an error that does not look transient")
                failures += 1
                self._metrics.gauge("relay_leader").set(0)
                self._metrics.counter("relay_failures_total").inc()
                log.warning("the relay is held up", extra={"error": type(error).__name__, "failures": failures})
                await asyncio.sleep(random.uniform(0.5, 1.0) * min(2.0**failures / 10, BACKOFF_SECONDS_MAX))

    async def _lead(self, leader: Leader) -> None:
        while True:
            if not await self.drain(leader):
                await self.wake.wait(POLL_SECONDS)

    async def drain(self, leader: Leader) -> int:
        """Send the oldest events that are not sent yet, and return how many."""
        async with leader.begin() as tx:
            rows = await journal.pending(tx, BATCH)
        if not rows:
            return 0
        await self._event_log.send([_record(row) for row in rows])
        async with leader.begin() as tx:
            await journal.delete_pending(tx, [row.position for row in rows])
        self._metrics.counter("relay_events_total").inc(len(rows))
        return len(rows)


def _record(row: Row[Any]) -> Record:
    return Record(
        row.topic,
        row.partition,
        row.payload.encode(),
        envelope.headers(
            event_id=row.event_id,
            event_type=row.type,
            time=row.created_at.astimezone(UTC).isoformat(),
            position=row.position,
            partition=row.partition,
            traceparent=row.traceparent,
        ),
    )


@asynccontextmanager
async def leadership(database: Database, service: str) -> AsyncIterator[Leader]:
    """Lead while inside; raise `NotLeader` where another process does."""
    if database.dialect == "postgresql":
        async with database.session() as session:
            lock = crc32(f"wattline.relay.{service}".encode())
            async with session.begin() as tx:
                if not await tx.scalar(select(func.pg_try_advisory_lock(lock))):
                    raise NotLeader
            try:
                yield session
            finally:
                await session.invalidate()  # the lock goes with its connection
    else:
        lease = _Lease(database, service)
        async with lease.begin():
            pass
        try:
            yield lease
        finally:
            await lease.give_back()


class _Lease:
    """Leadership on SQLite: a row that the leader's transactions renew once a third of its time is over.

    Not in each of them: a renewal is a write, and a write waits for the disk.
    """

    def __init__(self, database: Database, service: str) -> None:
        self._database = database
        self._name = service
        self._holder = ids.new()
        self._renewed_at: datetime | None = None

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        async with self._database.begin() as tx:
            fresh = self._renewed_at and tx.now - self._renewed_at < timedelta(seconds=LEASE_SECONDS / 3)
            if not fresh:
                await self._renew(tx)
            yield tx
        if not fresh:
            self._renewed_at = tx.now

    async def give_back(self) -> None:
        table = platform.TABLES.relay_lease
        async with self._database.begin() as tx:
            await tx.execute(delete(table).where(table.c.name == self._name, table.c.holder == self._holder))

    async def _renew(self, tx: Tx) -> None:
        table = platform.TABLES.relay_lease
        row = await tx.first(select(table).where(table.c.name == self._name))
        if row is not None and row.holder != self._holder and row.expires_at > tx.now:
            raise NotLeader
        expires_at: datetime = tx.now + timedelta(seconds=LEASE_SECONDS)
        values: travel.Columns = {"name": [self._name], "holder": [self._holder], "expires_at": [expires_at]}
        if row is None:
            await bulk.insert_rows(tx, table, values)
        else:
            await bulk.update_from(tx, table, values, key=("name",))
