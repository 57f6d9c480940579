"""Giving facts to their handlers within a unit of work: in the order of the log for each key, what fails set aside."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from shared.bus import dead_letters
from shared.bus.dead_letters import DeadLetter
from shared.bus.decoding import Received
from shared.bus.ports import StoredRecord
from shared.db.engine import Tx
from shared.db.transient import is_transient
from shared.events import catalogue
from shared.events.fact import Fact
from shared.metrics import Metrics

Handler = Callable[[Tx, Sequence[Any]], Awaitable[None]]


class Handling:
    """Gives facts to the handlers of a consumer; within one batch the types are handled in the order of `handlers`."""

    def __init__(self, consumer: str, handlers: Mapping[type[Fact], Handler], metrics: Metrics) -> None:
        self.consumer = consumer
        self.handlers = {kind.type: handler for kind, handler in handlers.items()}
        self._metrics = metrics
        self._rank = {kind: rank for rank, kind in enumerate(self.handlers)}

    def wants(self, record: StoredRecord) -> bool:
        """Return whether an event has a handler here, or is none of this product's and must be looked at.

        What is passed over is a fact that this consumer does not follow, or one of a later version of its publisher.
        """
        kind = record.attribute("ce_type")
        return bool(record.unreadable) or kind in self.handlers or not catalogue.is_of(record.topic, kind)

    async def apply(
        self, tx: Tx, facts: Sequence[Received], poisoned: set[str], *, careful: bool
    ) -> tuple[Counter[str], list[DeadLetter]]:
        """Give the facts to their handlers, and return how many were done by type and what must be set aside."""
        done: Counter[str] = Counter()
        if not facts:
            return done, []
        parked = poisoned | await dead_letters.parked(tx, self.consumer, {x.fact.key for x in facts})
        work = _Careful(tx, parked) if careful else None
        aside: list[DeadLetter] = []
        for kind, group in self._waves(facts):
            free = [x for x in group if x.fact.key not in parked]
            if len(free) < len(group):
                aside += [x.letter("parked", "key_parked") for x in group if x.fact.key in parked]
            if work is None:
                if free:
                    await self.handlers[kind](tx, [x.fact for x in free])
            else:
                failed = await work.apply(self.handlers[kind], free)
                aside += failed
                done[kind] -= len(failed)
            done[kind] += len(free)
        return done, aside

    def count(self, done: Mapping[str, int]) -> None:
        """Count what was done, by type, once it is committed."""
        for kind, count in done.items():
            self._metrics.counter("consumer_facts_total").labels(kind).inc(count)

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


def in_order(event_ids: Sequence[str], letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Return letters in the order of the log, which is the order of their replay."""
    order = {event_id: index for index, event_id in enumerate(event_ids)}
    return sorted(letters, key=lambda letter: (order[letter.event_id], letter.item))
