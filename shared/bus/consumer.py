"""Reading facts: a polled batch is one transaction of inbox rows, effects and own facts; then the offset.

One loop reads all partitions that this replica owns, so that a batch is as large as the log allows (small batches cost four
times as much per row); within a key the order of the log is kept, and replicas divide the partitions.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.bus import dead_letters, decoding
from shared.bus.dead_letters import DeadLetter
from shared.bus.decoding import Received
from shared.bus.ports import EventLog, EventLogUnavailable, Partition, StoredRecord, Subscription
from shared.db import inbox
from shared.db.engine import Database, Tx
from shared.db.transient import is_transient
from shared.events import catalogue
from shared.events.fact import Fact
from shared.metrics import Metrics

log = logging.getLogger(__name__)

Handler = Callable[[Tx, Sequence[Any]], Awaitable[None]]

RECORDS_MAX = 2000
POLL_SECONDS = 1.0
COMMIT_SECONDS = 1.0  # offsets are for a quick restart only, the inbox is the truth
REPLAY_SECONDS = 2.0
BACKOFF_SECONDS_MAX = 30.0


class Consumer:
    """Gives the facts of an event log to a service's handlers, once each, in order per key.

    `handlers`: fact type to handler; within one batch the types are handled in this order. `name` is the consumer's for
    ever: inbox and offsets belong to it, and a rebuilt projection takes a new one. `facts_max` is what one transaction holds,
    about; with `dead_letters_max` poison facts it stops.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        event_log: EventLog,
        handlers: Mapping[type[Fact], Handler],
        *,
        facts_max: int,
        dead_letters_max: int,
        metrics: Metrics | None = None,
    ) -> None:
        self.name = name
        self.stopped = False
        self.ticked_at = time.monotonic()
        self._metrics = metrics or Metrics()
        self._dead_letters_seen = True  # until a first look says otherwise
        self._database = database
        self._event_log = event_log
        self._handlers = {kind.type: handler for kind, handler in handlers.items()}
        self._rank = {kind: rank for rank, kind in enumerate(self._handlers)}
        self._topics = sorted({catalogue.topic_for(kind) for kind in handlers})
        self._facts_max = facts_max
        self._dead_letters_max = dead_letters_max
        self._uncommitted: dict[Partition, int] = {}
        self._committed_at = 0.0
        self._replayed_at = 0.0

    @property
    def types(self) -> tuple[str, ...]:
        """The types of facts that have a handler, in the order in which a batch is handled."""
        return tuple(self._handlers)

    async def run(self) -> None:
        """Consume until cancelled."""
        failures = 0
        while True:
            subscription = self._event_log.subscribe(self.name, self._topics)
            try:
                await subscription.start()
                try:
                    failures = 0
                    await self._consume(subscription)
                finally:
                    await asyncio.shield(self._leave(subscription))
            except (EventLogUnavailable, OSError, TimeoutError) as error:
                failures += 1
                self.ticked_at = time.monotonic()
                log.warning("the event log is away", extra={"consumer": self.name, "error": type(error).__name__})
                await asyncio.sleep(_backoff(failures))

    async def _leave(self, subscription: Subscription) -> None:
        try:
            await self._commit(subscription)
        except EventLogUnavailable:
            log.info(
                "offsets were not committed at the end; the inbox knows what was done", extra={"consumer": self.name}
            )
        await subscription.stop()

    async def _consume(self, subscription: Subscription) -> None:
        failures = 0
        while True:
            self.ticked_at = time.monotonic()
            try:
                await self._replay(subscription)
                if await self._too_many_dead_letters():
                    await asyncio.sleep(REPLAY_SECONDS)
                    continue
            except Exception as error:
                failures = await self._retry(error, failures)
                continue
            records = await subscription.poll(records_max=RECORDS_MAX, timeout_seconds=POLL_SECONDS)
            if not records:
                self._metrics.gauge("consumer_event_lag_seconds").set(0)
            for batch in self._batches(records):
                try:
                    await self.process(batch)
                except Exception as error:
                    failures = await self._retry(error, failures)
                    subscription.seek(_first_offsets(records, self._uncommitted))
                    break
                failures = 0
                self._uncommitted |= {(r.topic, r.partition): r.offset + 1 for r in batch}
            if self._uncommitted and time.monotonic() - self._committed_at >= COMMIT_SECONDS:
                await self._commit(subscription)

    async def _retry(self, error: Exception, failures: int) -> int:
        """Wait before the same work is done again; anything that trying again cannot mend was set aside before."""
        if isinstance(error, EventLogUnavailable):
            raise error
        self._metrics.counter("consumer_batch_failures_total").labels(type(error).__name__).inc()
        if is_transient(error):
            log.warning("a batch will be tried again", extra={"consumer": self.name, "error": type(error).__name__})
        else:
            log.exception("a batch failed as a whole and will be tried again", extra={"consumer": self.name})
        await asyncio.sleep(_backoff(failures + 1))
        return failures + 1

    async def _commit(self, subscription: Subscription) -> None:
        offsets, self._uncommitted = self._uncommitted, {}
        self._committed_at = time.monotonic()
        if offsets and not await subscription.commit(offsets):
            self._metrics.counter(
                "consumer_commit_failures_total"
            ).inc()  # normal after a rebalance: the new owner meets our inbox rows
            log.info("offsets of a partition that moved were not committed", extra={"consumer": self.name})

    def _batches(self, records: Sequence[StoredRecord]) -> Iterator[list[StoredRecord]]:
        """Cut what was polled so that a transaction stays near `facts_max`, by the number of items a record seems to hold."""
        batch: list[StoredRecord] = []
        facts = 0
        for record in records:
            batch.append(record)
            facts += record.value.count(b'"fact_id"') if self._wanted(record) else 0
            if facts >= self._facts_max:
                yield batch
                batch, facts = [], 0
        if batch:
            yield batch

    def _wanted(self, record: StoredRecord) -> bool:
        return record.headers.get("ce_type", b"?").decode() in self._handlers or "ce_type" not in record.headers

    async def process(self, records: Sequence[StoredRecord]) -> None:
        """Apply a batch in one transaction; raise only what is worth trying again."""
        with self._metrics.histogram("consumer_batch_duration_seconds").time():
            await self._process(records)

    async def _process(self, records: Sequence[StoredRecord]) -> None:
        wanted = [record for record in records if self._wanted(record)]
        if not wanted:
            return
        event_ids, facts, letters = decoding.decode(wanted)
        try:
            await self._apply(event_ids, facts, letters, careful=False)
        except Exception as error:
            if is_transient(error):
                raise
            log.warning(
                "a batch holds a fact that fails; looking for it",
                extra={"consumer": self.name, "error": type(error).__name__},
            )
            await self._apply(event_ids, facts, letters, careful=True)
        self._metrics.gauge("consumer_event_lag_seconds").set(_age(wanted[-1]))

    async def _apply(
        self, event_ids: Sequence[str], facts: Sequence[Received], letters: Sequence[DeadLetter], *, careful: bool
    ) -> None:
        async with self._database.begin() as tx:
            new = await inbox.claim(tx, self.name, event_ids)
            fresh = [x for x in facts if x.event_id in new]
            aside = [x for x in letters if x.event_id in new]
            done, failed = await self._handle(tx, fresh, {x.key for x in aside if x.key}, careful=careful)
            await dead_letters.put(tx, self.name, _in_order(event_ids, aside + failed))
        self._count(done)
        self._metrics.counter("consumer_duplicates_total").inc(len(event_ids) - len(new))
        self._dead_letters_seen |= bool(aside or failed)

    def _count(self, done: Mapping[str, int]) -> None:
        for kind, count in done.items():
            self._metrics.counter("consumer_facts_total").labels(kind).inc(count)

    async def _handle(
        self, tx: Tx, facts: Sequence[Received], poisoned: set[str], *, careful: bool
    ) -> tuple[Counter[str], list[DeadLetter]]:
        """Give the facts to their handlers, and return how many were done by type and what must be set aside."""
        done: Counter[str] = Counter()
        if not facts:
            return done, []
        parked = poisoned | await dead_letters.parked(tx, self.name, {x.fact.key for x in facts})
        work = _Careful(tx, parked) if careful else None
        aside: list[DeadLetter] = []
        for kind, group in self._waves(facts):
            free = [x for x in group if x.fact.key not in parked]
            if len(free) < len(group):
                aside += [x.letter("parked", "key_parked") for x in group if x.fact.key in parked]
            if work is None:
                if free:
                    await self._handlers[kind](tx, [x.fact for x in free])
            else:
                failed = await work.apply(self._handlers[kind], free)
                aside += failed
                done[kind] -= len(failed)
            done[kind] += len(free)
        return done, aside

    def _waves(self, facts: Sequence[Received]) -> Iterator[tuple[str, list[Received]]]:
        """Group facts by type so that no key sees its facts in another order than the log's."""
        waves: list[dict[str, list[Received]]] = []
        last: dict[str, tuple[int, int]] = {}
        for received in facts:
            key, kind = received.fact.key, received.fact.type
            wave, rank = last.get(key, (0, -1))
            if self._rank[kind] < rank:
                wave += 1
            last[key] = wave, self._rank[kind]
            if wave == len(waves):
                waves.append({})
            waves[wave].setdefault(kind, []).append(received)
        for groups in waves:
            for kind in sorted(groups, key=self._rank.__getitem__):
                yield kind, groups[kind]

    async def _too_many_dead_letters(self) -> bool:
        if not self._dead_letters_seen:
            return False
        async with self._database.view() as view:
            counts = await dead_letters.count(view, self.name)
        stopped = counts.get("poison", 0) >= self._dead_letters_max
        self._dead_letters_seen = bool(counts)
        if stopped and not self.stopped:
            log.error(
                "too many dead letters: the consumer stops until they are replayed", extra={"consumer": self.name}
            )
        self.stopped = stopped
        self._metrics.gauge("consumer_stopped").set(stopped)
        return stopped

    async def _replay(self, subscription: Subscription) -> None:
        """Drain the letters that were marked ready, key by key, before newer facts."""
        if time.monotonic() - self._replayed_at < REPLAY_SECONDS:
            return
        self._replayed_at = time.monotonic()
        async with self._database.view() as view:
            keys = await dead_letters.ready_keys(view, self.name)
        owned = subscription.assigned()
        for row in keys:
            if (row.topic, row.partition) in owned:
                await self._replay_key(row.key)

    async def _replay_key(self, key: str) -> None:
        async with self._database.begin() as tx:
            rows = await dead_letters.take(tx, self.name, key)
            facts, letters = decoding.reopen(rows)
            known = [x for x in facts if x.fact.type in self._handlers]
            done, failed = await self._handle(tx, known, {x.key for x in letters if x.key}, careful=True)
            await dead_letters.put(tx, self.name, _in_order([row.event_id for row in rows], [*letters, *failed]))
        self._count(done)
        log.info("dead letters of one key were replayed", extra={"failed": len(failed) + len(letters)})


class _Careful:
    """Applies facts with savepoints, halving a batch that fails until the poison fact stands alone."""

    def __init__(self, tx: Tx, parked: set[str]) -> None:
        self._tx = tx
        self._parked = parked

    async def apply(self, handler: Handler, facts: Sequence[Received]) -> list[DeadLetter]:
        free = [x for x in facts if x.fact.key not in self._parked]
        held = [x.letter("parked", "key_parked") for x in facts if x.fact.key in self._parked]
        if not free:
            return held
        try:
            async with self._tx.savepoint():
                await handler(self._tx, [x.fact for x in free])
        except Exception as error:
            if is_transient(error):
                raise
            if len(free) == 1:
                self._parked.add(free[0].fact.key)
                return [*held, free[0].letter("poison", type(error).__name__)]
            middle = len(free) // 2
            first = await self.apply(handler, free[:middle])
            return [*held, *first, *await self.apply(handler, free[middle:])]
        return held


def _in_order(event_ids: Sequence[str], letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Return letters in the order of the log, which is the order of their replay."""
    order = {event_id: index for index, event_id in enumerate(event_ids)}
    return sorted(letters, key=lambda letter: (order[letter.event_id], letter.item))


def _first_offsets(records: Sequence[StoredRecord], done: Mapping[Partition, int]) -> dict[Partition, int]:
    """Return where each polled partition must be read again: after what was done, else from its first record."""
    first: dict[Partition, int] = {}
    for record in records:
        first.setdefault((record.topic, record.partition), record.offset)
    return {p: max(offset, done.get(p, offset)) for p, offset in first.items()}


def _age(record: StoredRecord) -> float:
    """Return how long ago an event was journalled, in seconds."""
    try:
        told = datetime.fromisoformat(record.headers["ce_time"].decode())
    except (KeyError, ValueError):
        return 0.0
    return max((datetime.now(UTC) - told).total_seconds(), 0.0)


def _backoff(failures: int) -> float:
    return random.uniform(0.5, 1.0) * min(2.0**failures / 10, BACKOFF_SECONDS_MAX)
