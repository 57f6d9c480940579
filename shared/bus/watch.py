"""Whether the event log answers, asked of itself every few seconds: on an idle night nobody else would notice."""

import asyncio
import logging

from shared.bus.ports import EventLog, EventLogUnavailable
from shared.metrics import Metrics

log = logging.getLogger(__name__)

SECONDS = 15.0  # as often as it is scraped; with the alert's minute the page comes within two


class Watch:
    def __init__(self, event_log: EventLog, metrics: Metrics, *, seconds: float = SECONDS) -> None:
        self.up = True
        self._reason = ""
        self._event_log = event_log
        self._seconds = seconds
        self._gauge = metrics.gauge("event_log_up")
        self._gauge.set(1)

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._event_log.check()
                up, reason = True, ""
            except EventLogUnavailable as error:
                up, reason = False, str(error)
            if up != self.up or reason != self._reason:
                text = "the event log is back" if up else "the event log does not answer"
                log.warning(text, extra={"error": reason, "repeats": up == self.up})
            self.up, self._reason = up, reason
            self._gauge.set(up)
            await asyncio.sleep(self._seconds)
