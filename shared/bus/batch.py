"""One batch of events as one transaction: inbox rows, effects and own facts, and what must be set aside."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from shared.bus import dead_letters, decoding
from shared.bus.dead_letters import DeadLetter
from shared.bus.decoding import Received
from shared.bus.handling import Handling, in_order
from shared.bus.ports import StoredRecord
from shared.db import inbox
from shared.db.engine import Database
from shared.db.transient import is_transient
from shared.events import envelope
from shared.metrics import Metrics

log = logging.getLogger(__name__)


class Batches:
    """Applies batches, each in one transaction that holds about `facts_max` facts."""

    def __init__(self, database: Database, handling: Handling, *, facts_max: int, metrics: Metrics) -> None:
        self._database = database
        self._handling = handling
        self._facts_max = facts_max
        self._metrics = metrics

    def cut(self, records: Sequence[StoredRecord]) -> Iterator[list[StoredRecord]]:
        """Cut what was polled so that a transaction stays near `facts_max`, by the number of facts an event seems to hold."""
        batch: list[StoredRecord] = []
        facts = 0
        for record in records:
            batch.append(record)
            facts += envelope.count(record.value) if self._handling.wants(record) else 0
            if facts >= self._facts_max:
                yield batch
                batch, facts = [], 0
        if batch:
            yield batch

    async def process(self, records: Sequence[StoredRecord]) -> int:
        """Apply a batch in one transaction and return how many facts were set aside; raise only what is worth trying again."""
        with self._metrics.histogram("consumer_batch_duration_seconds").time():
            return await self._process(records)

    async def _process(self, records: Sequence[StoredRecord]) -> int:
        wanted = [record for record in records if self._handling.wants(record)]
        if not wanted:
            return 0
        event_ids, facts, letters = decoding.decode(wanted)
        try:
            aside = await self._apply(event_ids, facts, letters, careful=False)
        except Exception as error:
            if is_transient(error):
                raise
            log.warning(
                "a batch holds a fact that fails; looking for it",
                extra={"consumer": self._handling.consumer, "error": type(error).__name__},
            )
            aside = await self._apply(event_ids, facts, letters, careful=True)
        self._metrics.gauge("consumer_event_lag_seconds").set(_age(wanted[-1]))
        return aside

    async def _apply(
        self, event_ids: Sequence[str], facts: Sequence[Received], letters: Sequence[DeadLetter], *, careful: bool
    ) -> int:
        async with self._database.begin() as tx:
            new = await inbox.claim(tx, self._handling.consumer, event_ids)
            fresh = [x for x in facts if x.event_id in new]
            aside = [x for x in letters if x.event_id in new]
            done, failed = await self._handling.apply(tx, fresh, {x.key for x in aside if x.key}, careful=careful)
            await dead_letters.put(tx, self._handling.consumer, in_order(event_ids, aside + failed))
        dead_letters.tell(self._handling.consumer, [*aside, *failed])
        self._handling.count(done)
        self._metrics.counter("consumer_duplicates_total").inc(len(event_ids) - len(new))
        return len(aside) + len(failed)


def _age(record: StoredRecord) -> float:
    """Return how long ago an event was journalled, in seconds."""
    try:
        told = datetime.fromisoformat(record.attribute("ce_time"))
    except ValueError:
        return 0.0
    return max((datetime.now(UTC) - told).total_seconds(), 0.0) if told.tzinfo else 0.0
