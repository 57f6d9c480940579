"""Seals anew what another key has sealed: after a key was changed, and after values came from a time without seals."""

import asyncio
import logging

from services.notify.parties.store import parties as store
from services.notify.vault import Vault
from shared.db.engine import Database
from shared.loops import backoff

logger = logging.getLogger(__name__)
BATCH = 500  # parties of one unit of work: some tenths of a second
LOOK_SECONDS = (
    3600.0  # a key changes with a start of the service; who else still has the old one is followed within the hour
)


class Sealing:
    """Runs beside the service; several replicas share the work."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def run(self) -> None:
        """Seal all there is, then look again every hour, until cancelled."""
        failures, done = 0, 0
        while True:
            try:
                async with self._database.begin() as tx:
                    count = await store.sealed_otherwise(tx, self._vault, BATCH)
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
