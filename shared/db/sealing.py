"""Seals audit rows as they are committed, and tells the chain's head every day, so that what keeps the logs keeps it too."""

import asyncio
import logging
from datetime import date

from shared.db import audit_chain
from shared.db.engine import Database
from shared.db.transient import is_transient
from shared.loops import backoff

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0  # within that time a row could be changed unseen


class Sealer:
    """The loop of one process; of several processes of a service one seals at a time."""

    def __init__(self, service: str, database: Database) -> None:
        self._service = service
        self._database = database
        self._told_on: date | None = None

    async def run(self) -> None:
        """Seal what waits until cancelled."""
        failures = 0
        while True:
            try:
                await self.drain()
                await self.tell()
                failures = 0
                await asyncio.sleep(POLL_SECONDS)
            except Exception as error:
                if not is_transient(error):
                    raise
                failures += 1
                log.warning("audit rows cannot be sealed now", extra={"error": type(error).__name__, "repeats": True})
                await asyncio.sleep(backoff(failures))

    async def drain(self) -> int:
        """Seal all that waits, and return how many rows that were."""
        total = 0
        while await self._waits():
            async with self._database.begin() as tx:
                sealed = await audit_chain.seal(tx, self._service)
            total += sealed
            if sealed < audit_chain.BATCH:
                break
        return total

    async def _waits(self) -> bool:
        # looked at without writing: on SQLite there is one writer
        async with self._database.view() as view:
            count, _ = await audit_chain.waiting(view)
        return count > 0

    async def tell(self) -> None:
        """Log the head once a day, and once after each start."""
        today = self._database.clock.now().date()
        if today == self._told_on:
            return
        async with self._database.view() as view:
            head = await audit_chain.head(view, self._service)
        log.info("audit.head", extra={"seq": head.seq, "hash": head.hash})
        self._told_on = today
