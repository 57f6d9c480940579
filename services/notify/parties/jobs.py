"""Seals anew what another key has sealed: after a key was changed, and after values came from a time without seals."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from services.notify.parties.store import parties as store
from services.notify.vault import Vault
from shared.db.engine import Database, Tx
from shared.loops import backoff

logger = logging.getLogger(__name__)
BATCH = 500  # parties, or what else is sealed, of one unit of work: some tenths of a second
LOOK_SECONDS = (
    3600.0  # a key changes with a start of the service; who else still has the old one is followed within the hour
)


Again = Callable[[Tx, Vault, int], Awaitable[int]]
"""Seals up to so many of some rows anew that another key has sealed, and returns how many."""


class Sealing:
    """Runs beside the service; several replicas share the work. `more`: what is sealed beside parties."""

    def __init__(self, database: Database, vault: Vault, more: Sequence[Again] = ()) -> None:
        self._database = database
        self._vault = vault
        self._all = [store.sealed_otherwise, *more]

    async def run(self) -> None:
        """Seal all there is, then look again every hour, until cancelled."""
        failures, done = 0, 0
        while True:
            try:
                async with self._database.begin() as tx:
                    count = sum([await again(tx, self._vault, BATCH) for again in self._all])
                done, failures = done + count, 0
            except Exception as error:
                failures += 1
                logger.exception("sealing.failed", exc_info=error)
                await asyncio.sleep(backoff(failures, first=2.0, most=LOOK_SECONDS))
                continue
            if count == 0:
                if done:
                    logger.warning("sealing.done", extra={"count": done})
                done = 0
                await asyncio.sleep(LOOK_SECONDS)
