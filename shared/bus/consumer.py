"""Reading facts: a polled batch is one transaction of inbox rows, effects and own facts; then the offset.

One loop reads all partitions that this replica owns, so that a batch is as large as the log allows (small batches cost four
times as much per row); within a key the order of the log is kept, and replicas divide the partitions.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from shared.bus import dead_letters
from shared.bus.batch import Batches
from shared.bus.handling import Handler, Handling
from shared.bus.ports import EventLog, EventLogUnavailable, Partition, StoredRecord, Subscription
from shared.bus.replay import Replay
from shared.db.engine import Database
from shared.db.transient import is_transient
from shared.events import catalogue
from shared.events.fact import Fact
from shared.loops import backoff
from shared.metrics import Metrics

log = logging.getLogger(__name__)

RECORDS_MAX = 2000
POLL_SECONDS = 1.0
COMMIT_SECONDS = 1.0  # offsets are for a quick restart only, the inbox is the truth


class Consumer:
    """Gives the facts of an event log to a service's handlers, once each, in order per key.

    `handlers`: fact type to handler; within one batch the types are handled in this order. `name` is the consumer's for
    ever: inbox and offsets belong to it, and a rebuilt projection takes a new one. `facts_max` is what one transaction holds,
    about; a topic with `dead_letters_max` poison facts is not read any further, the others are.
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
        self.stopped_topics: frozenset[str] = frozenset()
        """Topics with too many dead letters: nothing of them is read until these are replayed or discarded."""
        self.ticked_at = time.monotonic()
        self._metrics = metrics or Metrics()
        handling = Handling(name, handlers, self._metrics)
        self._batches = Batches(database, handling, facts_max=facts_max, metrics=self._metrics)
        self._replay = Replay(database, handling)
        self.handlers = handling.handlers
        self._dead_letters_seen = True  # until a first look says otherwise
        self._database = database
        self._event_log = event_log
        self._topics = sorted({catalogue.topic_for(kind) for kind in handlers})
        self._dead_letters_max = dead_letters_max
        self._uncommitted: dict[Partition, int] = {}
        self._committed_at = 0.0

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
                log.warning(
                    "the event log is away",
                    extra={"consumer": self.name, "error": type(error).__name__, "repeats": True},
                )
                await asyncio.sleep(backoff(failures))

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
                await self._replay.drain(subscription)
                subscription.pause(await self._flooded())
            except Exception as error:
                failures = await self._retry(error, failures)
                continue
            records = await subscription.poll(records_max=RECORDS_MAX, timeout_seconds=POLL_SECONDS)
            if not records:
                self._metrics.gauge("consumer_event_lag_seconds").set(0)
            for batch in self._batches.cut(records):
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
            log.warning(
                "a batch will be tried again",
                extra={"consumer": self.name, "error": type(error).__name__, "repeats": True},
            )
        else:
            log.exception("a batch failed as a whole and will be tried again", extra={"consumer": self.name})
        await asyncio.sleep(backoff(failures + 1))
        return failures + 1

    async def _commit(self, subscription: Subscription) -> None:
        offsets, self._uncommitted = self._uncommitted, {}
        self._committed_at = time.monotonic()
        if offsets and not await subscription.commit(offsets):
            self._metrics.counter(
                "consumer_commit_failures_total"
            ).inc()  # normal after a rebalance: the new owner meets our inbox rows
            log.info("offsets of a partition that moved were not committed", extra={"consumer": self.name})

    async def process(self, records: Sequence[StoredRecord]) -> None:
        """Apply a batch in one transaction; raise only what is worth trying again."""
        if await self._batches.process(records):
            self._dead_letters_seen = True

    async def _flooded(self) -> frozenset[str]:
        """Return the topics that are not read for now; a flood stops the topic that it comes from, and no other."""
        if not self._dead_letters_seen:
            return self.stopped_topics
        async with self._database.view() as view:
            poison = await dead_letters.count_poison(view, self.name)
        self._dead_letters_seen = bool(poison)  # what is about to be replayed may fail again
        stopped = frozenset(topic for topic, count in poison.items() if count >= self._dead_letters_max)
        for topic in stopped - self.stopped_topics:
            log.error(
                "too many dead letters: their topic is not read until they are replayed or discarded",
                extra={"consumer": self.name, "topic": topic},
            )
        for topic in self._topics:
            self._metrics.gauge("consumer_stopped").labels(topic).set(topic in stopped)
        self.stopped_topics = stopped
        return stopped


def _first_offsets(records: Sequence[StoredRecord], done: Mapping[Partition, int]) -> dict[Partition, int]:
    """Return where each polled partition must be read again: after what was done, else from its first record."""
    first: dict[Partition, int] = {}
    for record in records:
        first.setdefault((record.topic, record.partition), record.offset)
    return {p: max(offset, done.get(p, offset)) for p, offset in first.items()}
