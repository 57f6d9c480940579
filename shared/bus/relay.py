"""The relay: one leader per service sends the journal's events in order, and deletes the pointers to what was sent.

With several writers a cursor over positions loses events and parallel workers swap events of one key (both were measured);
one leader does neither. A second leader by accident sends duplicates at most, never another order: each leader sends in order.
"""

import asyncio
import logging
from datetime import UTC
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from shared.bus.ports import EventLog, EventLogUnavailable, Record
from shared.db import journal, leadership
from shared.db.engine import Database
from shared.db.transient import is_transient
from shared.events import envelope
from shared.loops import backoff
from shared.metrics import Metrics
from shared.wake import Wake

log = logging.getLogger(__name__)

BATCH = 200  # events sent together: 2 MiB as they commonly are
POLL_SECONDS = 1.0  # only for what another process journalled; a commit in this one wakes the relay
BACKOFF_SECONDS_MAX = 10.0
STANDBY_SECONDS = 1.0


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
                async with leadership.lead(self._database, self._service) as leader:
                    failures = 0
                    self._metrics.gauge("relay_leader").set(1)
                    await self._lead(leader)
            except leadership.NotLeader:
                self._metrics.gauge("relay_leader").set(0)
                await asyncio.sleep(STANDBY_SECONDS)
            except (EventLogUnavailable, DBAPIError, OSError, TimeoutError) as error:
                if isinstance(error, DBAPIError) and not is_transient(error):
                    log.exception("the relay met an error that does not look transient")
                failures += 1
                self._metrics.gauge("relay_leader").set(0)
                self._metrics.counter("relay_failures_total").inc()
                log.warning(
                    "the relay is held up",
                    extra={"error": type(error).__name__, "failures": failures, "repeats": True},
                )
                await asyncio.sleep(backoff(failures, most=BACKOFF_SECONDS_MAX))

    async def _lead(self, leader: leadership.Leader) -> None:
        while True:
            if not await self.drain(leader):
                await self.wake.wait(POLL_SECONDS)

    async def drain(self, leader: leadership.Leader) -> int:
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
