"""The event log in one SQLite file: durable, partitioned, with an offset per group. One process reads all partitions."""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from shared import files
from shared.bus.ports import EventLogUnavailable, Partition, Record, StoredRecord, Subscription
from shared.events import catalogue

T = TypeVar("T")

BUSY_SECONDS = 30
POLL_SECONDS = 0.2  # how late a record from another process (a relay of its own) may be seen
POLL_BYTES_MAX = 16 * 2**20
RETENTION_SECONDS = 7 * 86_400  # the journals are the truth: `wattline republish` brings back what is older

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, sent_at INTEGER NOT NULL,
  headers TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (topic, partition, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log_end (
  topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed (
  consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)) WITHOUT ROWID;
"""


class EmbeddedEventLog:
    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="event-log"
        )  # SQLite calls block: keep them off the loop
        self._connection: sqlite3.Connection | None = None
        self._arrivals = asyncio.Condition()

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        await self.run(self._open)

    def _open(self) -> None:
        files.private_database(self._path)
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        connection.execute("DELETE FROM record WHERE sent_at < ?", (int(time.time()) - RETENTION_SECONDS,))
        self._connection = connection

    async def stop(self) -> None:
        await self.run(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def check(self) -> None:
        await self.run(lambda: self.connection.execute("SELECT 1").fetchone())

    async def create_topics(self, topics: Sequence[str] = catalogue.TOPICS) -> None:
        """Do nothing: a topic is there as soon as it is written to."""

    async def send(self, records: Sequence[Record]) -> None:
        await self.run(lambda: self._append(records))
        async with self._arrivals:
            self._arrivals.notify_all()

    def _append(self, records: Sequence[Record]) -> None:
        now = int(time.time())
        with self.transaction() as connection:
            ends: dict[Partition, int] = {
                (topic, partition): end
                for topic, partition, end in connection.execute("SELECT topic, partition, next_offset FROM log_end")
            }
            rows = []
            for record in records:
                offset = ends.get((record.topic, record.partition), 0)
                ends[record.topic, record.partition] = offset + 1
                headers = json.dumps(
                    [(name, None if value is None else value.decode("latin-1")) for name, value in record.headers]
                )
                rows.append((record.topic, record.partition, offset, now, headers, record.value))
            connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.executemany(
                "INSERT OR REPLACE INTO log_end VALUES (?, ?, ?)", [(*key, end) for key, end in ends.items()]
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or nothing; on the log's own thread."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk may have ended it already
                connection.execute("ROLLBACK")
            raise

    def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        return EmbeddedSubscription(self, group, topics)

    @property
    def connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise EventLogUnavailable("not started")
        return self._connection

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work on the log's own thread."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.OperationalError as error:
            raise EventLogUnavailable(type(error).__name__) from error

    async def arrival(self, timeout_seconds: float) -> None:
        """Wait until something may have arrived, at most as long as given."""
        try:
            async with asyncio.timeout(min(timeout_seconds, POLL_SECONDS)), self._arrivals:
                await self._arrivals.wait()
        except TimeoutError:
            pass


class EmbeddedSubscription:
    def __init__(self, event_log: EmbeddedEventLog, group: str, topics: Sequence[str]) -> None:
        self._log = event_log
        self._group = group
        self._paused = frozenset[str]()
        self._next: dict[Partition, int] = {(topic, p): 0 for topic in topics for p in range(catalogue.PARTITIONS)}

    async def start(self) -> None:
        self._next |= await self._log.run(self._committed)

    def _committed(self) -> dict[Partition, int]:
        rows = self._log.connection.execute(
            "SELECT topic, partition, next_offset FROM committed WHERE consumer_group = ?", (self._group,)
        )
        return {(topic, partition): offset for topic, partition, offset in rows if (topic, partition) in self._next}

    async def stop(self) -> None:
        """Do nothing: nothing is held between polls."""

    async def poll(self, *, records_max: int, timeout_seconds: float) -> list[StoredRecord]:
        deadline = time.monotonic() + timeout_seconds
        while True:
            records = await self._log.run(lambda: self._fetch(records_max))
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            await self._log.arrival(left)

    def _fetch(self, records_max: int) -> list[StoredRecord]:
        ends = {
            (topic, partition): end
            for topic, partition, end in self._log.connection.execute(
                "SELECT topic, partition, next_offset FROM log_end"
            )
        }
        behind = [p for p, offset in self._next.items() if ends.get(p, 0) > offset and p[0] not in self._paused]
        share = -(-records_max // max(len(behind), 1))  # no partition starves another
        records: list[StoredRecord] = []
        size = 0
        for topic, partition in behind:
            rows = self._log.connection.execute(
                "SELECT offset, headers, value FROM record WHERE topic = ? AND partition = ? AND offset >= ?"
                " ORDER BY offset LIMIT ?",
                (topic, partition, self._next[topic, partition], min(share, records_max - len(records))),
            )
            for offset, headers, value in rows:
                attributes = {
                    name: None if text is None else text.encode("latin-1") for name, text in json.loads(headers)
                }
                records.append(StoredRecord(topic, partition, offset, value, attributes))
                self._next[topic, partition] = offset + 1
                size += len(value)
                if size >= POLL_BYTES_MAX:
                    return records
        return records

    def pause(self, topics: Collection[str]) -> None:
        self._paused = frozenset(topics)

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        self._next |= offsets

    async def commit(self, offsets: Mapping[Partition, int]) -> bool:
        rows = [(self._group, topic, partition, offset) for (topic, partition), offset in offsets.items()]
        await self._log.run(lambda: self._commit(rows))
        return True

    def _commit(self, rows: list[tuple[str, str, int, int]]) -> None:
        with self._log.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?)", rows)

    def assigned(self) -> frozenset[Partition]:
        return frozenset(self._next)
