"""Sends codes, beside the service and the notices: who waits for one has it at once, at whatever hour."""

import asyncio
import logging
from collections.abc import Mapping

from services.notify.codes import store, use_cases
from services.notify.codes.domain import TEMPLATE, TEXTS
from services.notify.codes.use_cases import Claimed
from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.gateways.session import Gateway
from services.notify.vault import Vault
from shared.db.engine import Database
from shared.loops import backoff
from shared.metrics import Metrics
from shared.wake import Wake

logger = logging.getLogger(__name__)
AT_ONCE_MAX = 4
IDLE_SECONDS = 2.0
BACK_OFF_SECONDS_MAX = 30.0


class CodeSender:
    """Sends the codes that are due, a few at the same time. Several replicas share the work."""

    def __init__(
        self,
        database: Database,
        gateways: Mapping[str, Gateway],
        vault: Vault,
        *,
        wake: Wake,
        lease_seconds: float,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._gateways = gateways
        self._vault = vault
        self._wake = wake
        self._lease_seconds = lease_seconds
        self._metrics = metrics

    async def run(self) -> None:
        """Send what is due, hear what became of it, until cancelled."""
        failures = 0
        while True:
            try:
                sent = await self.send_due()
                failures = 0
            except Exception as error:
                failures += 1
                logger.exception("codes.failed", exc_info=error)
                await self._wake.wait(backoff(failures, most=BACK_OFF_SECONDS_MAX))
                continue
            if not sent:
                await self._wake.wait(IDLE_SECONDS)

    async def send_due(self) -> int:
        """Send up to AT_ONCE_MAX codes and return how many were tried."""
        async with self._database.view() as view:
            if not await store.has_work(view, self._database.clock.now()):
                return 0
        async with self._database.begin() as tx:
            await use_cases.hear(tx)
            claimed = await use_cases.claim(tx, self._vault, count=AT_ONCE_MAX, lease_seconds=self._lease_seconds)
        attempts = await asyncio.gather(*map(self._send, claimed))
        if claimed:
            async with self._database.begin() as tx:
                for each, attempt in zip(claimed, attempts, strict=True):
                    await use_cases.finish(tx, each, attempt)
        for attempt in attempts:
            self._metrics.counter("codes_total").labels(attempt.result).inc()
        return len(claimed)

    async def _send(self, claimed: Claimed) -> Attempt:
        gateway = self._gateways.get(claimed.row.gateway)
        if gateway is None:
            return Attempt("permanent", "no_gateway")
        if claimed.to is None:
            return Attempt("permanent", "contact_point_gone")
        subject, text = TEXTS[claimed.to.language]
        said = text.format(code=claimed.code)
        session = gateway()
        try:
            if not await session.open():
                return Attempt("temporary", "gateway_away")
            return await session.send(
                Message(
                    id=claimed.row.code_id,
                    to=claimed.to.address,
                    subject=subject,
                    body=f"{said}\n",
                    short=said,
                    template=TEMPLATE,
                    at=self._database.clock.now(),
                    again=claimed.row.sends > 0,
                )
            )
        finally:
            session.close()
