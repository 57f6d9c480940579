"""The sender: background tasks that send what is due, each over a connection of its own."""

import asyncio
import contextlib
import logging

from services.notify.adapters import store
from services.notify.adapters.gateways.smtp import Message, SmtpServer, SmtpSession
from services.notify.application import sending
from services.notify.application.sending import Claimed
from services.notify.domain.policy import Policy
from services.notify.domain.sending import Attempt, message_id
from services.notify.domain.templates import Catalogue
from shared.db.engine import Database
from shared.metrics import Metrics
from shared.wake import Wake

logger = logging.getLogger(__name__)
IDLE_SECONDS = 1.0  # how long a retry that is due may be overlooked
BACK_OFF_SECONDS_MAX = 30.0  # a mail server or database that is away is asked again at least this often
FAILURES_AT_STOP_MAX = 3
LOOKS_PER_LEASE = 4


class Sender:
    """Sends notices over as many connections as it has senders."""

    def __init__(
        self,
        database: Database,
        server: SmtpServer,
        *,
        policy: Policy,
        catalogue: Catalogue,
        senders: int,
        lease_seconds: int,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._server = server
        self._policy = policy
        self._catalogue = catalogue
        self._senders = senders
        self._lease_seconds = lease_seconds
        self._bells = [Wake() for _ in range(senders)]
        self._domain = server.sender.rpartition("@")[2]
        self._metrics = metrics

    def wake(self) -> None:
        """Tell the senders that something is due."""
        for bell in self._bells:
            bell.set()

    async def run(self) -> None:
        """Run until cancelled; then what is in flight is finished, so that nothing is left in doubt."""
        stop = asyncio.Event()
        loops = [self._send_all(stop, bell) for bell in self._bells]
        if loops:
            loops.append(self._watch_leases(stop))
        working = asyncio.gather(*loops)
        try:
            await asyncio.shield(working)
            await asyncio.Event().wait()  # without senders there is nothing to do until the end
        except asyncio.CancelledError:
            stop.set()
            self.wake()
            async with asyncio.timeout(self._lease_seconds):
                await working
            raise

    async def _send_all(self, stop: asyncio.Event, bell: Wake) -> None:
        session = SmtpSession(self._server)
        done: tuple[Claimed, Attempt] | None = None
        failures = 0
        while done is not None or not stop.is_set():
            try:
                # The connection comes before the claim: a server that is away costs no notice an attempt.
                ready = not stop.is_set() and (done is not None or await self._anything_due()) and await session.open()
                claimed = await self._store_and_claim(done, ready=ready)
                done = None
                if claimed is not None:
                    done = claimed, await self._send(session, claimed)
                failures = 0
            except Exception as error:  # whatever it is, the other notices must go out; a lease says what is left open
                failures += 1
                logger.exception("sender.failed", exc_info=error)
                session.close()
                if stop.is_set() and failures > FAILURES_AT_STOP_MAX:
                    break
                await bell.wait(min(2.0**failures, BACK_OFF_SECONDS_MAX))
                continue
            if done is None:
                await bell.wait(IDLE_SECONDS)
        session.close()

    async def _anything_due(self) -> bool:
        async with self._database.read() as read:
            return await store.has_due(read, self._database.clock.now())

    async def _store_and_claim(self, done: tuple[Claimed, Attempt] | None, *, ready: bool) -> Claimed | None:
        if done is None and not ready:
            return None
        async with self._database.begin() as tx:
            if done is not None:
                verdict = await sending.finish(tx, *done, self._policy.retry)
                if verdict is None:
                    logger.warning("sender.overtaken", extra={"notice_id": done[0].notice_id})
            return await sending.claim(tx, self._catalogue, lease_seconds=self._lease_seconds) if ready else None

    async def _send(self, session: SmtpSession, claimed: Claimed) -> Attempt:
        channel = self._policy.channels.get(claimed.contact.channel)
        if channel is None or channel.gateway is None:
            attempt = Attempt("permanent", "no_gateway")
        elif claimed.text is None:
            attempt = Attempt("permanent", "cannot_be_rendered")
        else:
            message = Message(
                to=claimed.contact.address,
                subject=claimed.text.subject,
                body=claimed.text.body,
                message_id=message_id(claimed.notice_id, claimed.resends, self._domain),
                at=self._database.clock.now(),
            )
            attempt = await session.send(message)
        self._metrics.counter("notices_total").labels(claimed.contact.channel, attempt.result).inc()
        return attempt

    async def _watch_leases(self, stop: asyncio.Event) -> None:
        """Look for notices whose sender died, here or in another process."""
        while not stop.is_set():
            try:
                async with self._database.begin() as tx:
                    expired = await sending.expire_leases(tx, self._policy.retry)
                if expired:
                    logger.warning("sender.leases_expired", extra={"count": expired})
            except Exception as error:
                logger.exception("sender.failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease_seconds / LOOKS_PER_LEASE):
                    await stop.wait()
