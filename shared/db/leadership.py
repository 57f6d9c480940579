"""One leader per name among all processes of a service: an advisory lock on PostgreSQL, a lease row on SQLite."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Protocol
from zlib import crc32

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from shared import ids
from shared.db import bulk, locks, platform, travel
from shared.db.engine import Database, Tx

LEASE_SECONDS = 5.0  # SQLite: how long a dead leader keeps the lease; one that ends well gives it back


class NotLeader(Exception):
    """Another process leads."""


class Leader(Protocol):
    """Who leads; its units of work run on what makes it the leader."""

    def begin(self) -> AbstractAsyncContextManager[Tx]:
        """Open a unit of work, which fails where another process leads by now."""
        ...


@asynccontextmanager
async def lead(database: Database, service: str) -> AsyncIterator[Leader]:
    """Lead while inside; raise `NotLeader` where another process does."""
    if database.dialect == "postgresql":
        async with database.session() as session:
            number = crc32(f"wattline.relay.{service}".encode())
            async with session.begin() as tx:
                if not await locks.try_for_connection(tx, number):
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
            with suppress(DBAPIError):  # it runs out by itself; an error here would take the place of a cancellation
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
