"""The database of one service, and its unit of work. Nobody else commits."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, date, tzinfo
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, create_async_engine
from sqlalchemy.pool import QueuePool

from shared.clock import Clock, SystemClock
from shared.db import access, audit, contents, journal
from shared.db.audit import AuditEntry
from shared.db.connection import View, Write, unbroken
from shared.events.fact import Fact

log = logging.getLogger(__name__)

POOL_SIZE = 10  # enough for the API and the consumer of one replica
BESIDE_SIZE = (
    2  # commands that read what stood before them as they end; 4 services x 2 replicas are under 100 connections
)
POOL_WAIT_SECONDS = 10
STATEMENT_SECONDS_MAX = 60  # no batch takes a tenth of that; what does is stuck, and is retried
BUSY_MILLISECONDS = 30_000  # SQLite: how long another process may hold the write lock
READ_ONLY = "wattline_read_only"

__all__ = ["Database", "Session", "Tx", "View"]


class Tx(Write):
    """A unit of work: the change, its facts and its audit rows are committed together or not at all."""

    def __init__(self, conn: AsyncConnection, clock: Clock, database: "Database | None" = None) -> None:
        super().__init__(conn, clock)
        self._database = database
        self._facts: list[Sequence[Fact]] = []
        self._audit: list[AuditEntry] = []
        self._after_commit: list[Callable[[], None]] = []

    @property
    def today(self) -> date:
        """Return the utility's civil day of this unit of work: the day of its instant elsewhere is another one at night."""
        assert self._database is not None, "who asks for the day has opened the database of a service"
        return self.now.astimezone(self._database.zone).date()

    def publish(self, facts: Sequence[Fact]) -> None:
        """Journal facts of one type at the end of this unit of work, in the order of the calls.

        The caller has locked the rows of their keys (`bulk.lock`).
        """
        if facts:
            self._facts.append(facts)

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        """Record who did what, and why, at the end of this unit of work."""
        self._audit.extend(entries)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the unit of work is durable; the callback must not fail or block."""
        self._after_commit.append(callback)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what is done inside, facts and audit rows included, if it raises."""
        marks = len(self._facts), len(self._audit), len(self._after_commit)
        try:
            async with super().savepoint():
                yield
        except BaseException:
            del self._facts[marks[0] :], self._audit[marks[1] :], self._after_commit[marks[2] :]
            raise

    async def _flush(self) -> bool:
        """Write facts and audit rows; True where there is something to relay."""
        appended = await journal.append(self, self._facts)
        await audit.append(self, self._audit, await self._changes())
        return appended

    async def _changes(self) -> Sequence[contents.Change | None]:
        """Return what was changed of the objects of the audit entries."""
        objects = [(entry.entity_kind, entry.entity_id) for entry in self._audit]
        readers = self._database.contents if self._database else {}
        if self._database is None or not readers or all(readers.get(kind) is contents.NONE for kind, _ in objects):
            return ()
        async with self._database.committed() as committed:
            return await contents.changes(self, committed, readers, objects)

    def _committed(self) -> None:
        for callback in self._after_commit:
            callback()


class Database:
    """The one place that opens connections and commits.

    `url`: `postgresql+asyncpg://…` or `sqlite+aiosqlite:///…`. `on_journal` is called after each commit that journalled facts
    and wakes the relay. `contents`: of which objects the audit keeps what they held. `tls`: how PostgreSQL's certificate is
    checked. `zone`: of the utility, whose days count.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        pool_size: int = POOL_SIZE,
        tls: ssl.SSLContext | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self.zone = zone
        self.clock = clock or SystemClock()
        self.engine = _engine(url, pool_size, tls)
        # who holds a connection waits for none of the same pool: all of them could wait for each other
        self._beside = _engine(url, BESIDE_SIZE, tls)
        self._pool_size = pool_size
        self.dialect: str = self.engine.dialect.name
        self.on_journal: Callable[[], None] = lambda: None
        self.unit: type[Tx] = Tx
        self.contents: contents.Readers = {}
        self._writer = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        """Open a unit of work; it is committed at the end, and rolled back if the body raises."""
        if self.dialect == "sqlite":
            # SQLite has one writer: queueing here is fair and cheap, its own busy handler sleeps
            async with self._writer, self._unit_of_work() as tx:
                yield tx
        else:
            async with self._unit_of_work() as tx:
                yield tx

    @asynccontextmanager
    async def _unit_of_work(self) -> AsyncIterator[Tx]:
        async with self._transaction() as (conn, transaction):
            tx = self.unit(conn, self.clock, self)
            yield tx
            appended = await tx._flush()
            await unbroken(self.dialect, transaction.commit())
        tx._committed()
        if appended:
            self.on_journal()

    @asynccontextmanager
    async def view(self, *, snapshot: bool = False) -> AsyncIterator[View]:
        """Open a read-only view; as a `snapshot` all that is read in it is of one moment."""
        async with self._transaction(**{READ_ONLY: True}, **_read_only_options(self.dialect, snapshot)) as (conn, _):
            yield View(conn)

    @asynccontextmanager
    async def committed(self, *, snapshot: bool = False) -> AsyncIterator[View]:
        """Open a view beside a unit of work that goes on: what was committed before it; as a `snapshot` of one moment."""
        only_read = _read_only_options(self.dialect, snapshot)
        async with self._transaction(self._beside, **{READ_ONLY: True}, **only_read) as (conn, _):
            yield View(conn)

    @asynccontextmanager
    async def _transaction(
        self, engine: AsyncEngine | None = None, /, **options: Any
    ) -> AsyncIterator[tuple[AsyncConnection, AsyncTransaction]]:
        """Hold a connection with an open transaction; what was not committed at the end is rolled back."""
        conn = (engine or self.engine).connect()
        try:
            self._waiting += 1
            try:
                await unbroken(self.dialect, conn.start())
            finally:
                self._waiting -= 1
            await conn.execution_options(**options)
            transaction = conn.begin()
            await unbroken(self.dialect, transaction.start())
            yield conn, transaction
        finally:
            if conn.sync_connection is not None:
                await unbroken(self.dialect, conn.close())

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Session"]:
        """Hold one connection over several units of work, for what lives with the connection (an advisory lock)."""
        async with self.engine.connect() as conn:
            yield Session(conn, self.clock)

    def connections(self) -> tuple[int, int, int]:
        """Return how many connections are held, may be held, and are waited for."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        return pool.checkedout(), self._pool_size, self._waiting

    async def warm(self) -> None:
        """Open the connections of the pool, so that no early request waits for one; where the database is away, later.

        Raises `SettingsError` where the server does not let us in.
        """
        if self.dialect == "sqlite":
            return
        try:
            with access.refused_by_name():
                async with AsyncExitStack() as held:
                    for _ in range(self._pool_size):
                        await held.enter_async_context(self.engine.connect())
        except (DBAPIError, OSError) as error:
            log.warning("the database is away", extra={"error": type(error).__name__})

    async def close(self) -> None:
        await self.engine.dispose()
        await self._beside.dispose()


class Session:
    """Units of work on one connection, one after the other."""

    def __init__(self, conn: AsyncConnection, clock: Clock) -> None:
        self._conn = conn
        self._clock = clock

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Tx]:
        async with self._conn.begin():
            yield Tx(self._conn, self._clock)

    async def invalidate(self) -> None:
        """Close the connection itself, not only this use of it."""
        await self._conn.invalidate()


def _read_only_options(dialect: str, snapshot: bool = False) -> dict[str, Any]:
    if dialect != "postgresql":
        return {}  # what SQLite reads in one transaction is of one moment
    return {"postgresql_readonly": True} | ({"isolation_level": "REPEATABLE READ"} if snapshot else {})


def _engine(url: str, pool_size: int, tls: ssl.SSLContext | None) -> AsyncEngine:
    if make_url(url).get_backend_name() == "postgresql":
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_use_lifo=True,  # a few connections do most of the work, with their statements prepared
            connect_args={
                "timeout": POOL_WAIT_SECONDS,
                "command_timeout": STATEMENT_SECONDS_MAX,
                # short statements over arrays: compiling them costs more than it saves
                "server_settings": {"jit": "off", "application_name": "wattline"},
                **({"ssl": tls} if tls else {}),
            },
        )
        event.listen(engine.sync_engine, "checkout", _still_open)
        return engine
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        connect_args={"timeout": BUSY_MILLISECONDS / 1000},
    )
    event.listen(engine.sync_engine, "connect", _sqlite_connect)
    event.listen(engine.sync_engine, "begin", _sqlite_begin)
    return engine


def _still_open(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool open another connection for one that the server has closed: asyncpg knows of it without asking.

    The pool's own ping is three round trips, as many as a small transaction.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's begin event says when a transaction starts, not the driver
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",  # durable before 2xx, also when the power goes
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # a deferred BEGIN that turns to writing fails at once with SQLITE_BUSY where another writer came between
    read_only = connection.get_execution_options().get(READ_ONLY)
    connection.exec_driver_sql(f"PRAGMA query_only = {int(bool(read_only))}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
