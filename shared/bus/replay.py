"""Replay: letters that were marked ready are given to their handlers again, key by key, before newer facts."""

import logging
import time

from shared.bus import dead_letters, decoding
from shared.bus.handling import Handling, in_order
from shared.bus.ports import Subscription
from shared.db.engine import Database

log = logging.getLogger(__name__)

REPLAY_SECONDS = 2.0


class Replay:
    """Gives the letters of a consumer that were marked ready to their handlers, of the partitions that this process owns."""

    def __init__(self, database: Database, handling: Handling) -> None:
        self._database = database
        self._handling = handling
        self._replayed_at = 0.0

    async def drain(self, subscription: Subscription) -> None:
        """Handle the letters that are ready, a key at a time; it looks every `REPLAY_SECONDS`, however often it is called."""
        if time.monotonic() - self._replayed_at < REPLAY_SECONDS:
            return
        self._replayed_at = time.monotonic()
        async with self._database.view() as view:
            keys = await dead_letters.ready_keys(view, self._handling.consumer)
        owned = subscription.assigned()
        for row in keys:
            if (row.topic, row.partition) in owned:
                await self._replay_key(row.key)

    async def _replay_key(self, key: str) -> None:
        async with self._database.begin() as tx:
            rows = await dead_letters.take(tx, self._handling.consumer, key)
            facts, letters = decoding.reopen(rows)
            known = [x for x in facts if x.fact.type in self._handling.handlers]
            done, failed = await self._handling.apply(tx, known, {x.key for x in letters if x.key}, careful=True)
            await dead_letters.put(
                tx, self._handling.consumer, in_order([row.event_id for row in rows], [*letters, *failed])
            )
        dead_letters.tell(self._handling.consumer, [*letters, *failed])
        self._handling.count(done)
        log.info("dead letters of one key were replayed", extra={"failed": len(failed) + len(letters)})
