"""The sender: sends what is due, over some connections at the same time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import date

from services.notify.notices.store.attempts import has_due
from services.notify.policies.domain import Policies, Policy
from services.notify.questions.domain.links import Links
from services.notify.sending import use_cases
from services.notify.sending.domain.retries import Attempt, message_id
from services.notify.sending.gateways.smtp import Message, SmtpServer, SmtpSession
from services.notify.sending.use_cases import QUESTION_CLOSED, Claimed
from services.notify.templates.domain import Catalogue
from services.notify.vault import Vault
from shared.db.engine import Database
from shared.loops import backoff
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
        policies: Policies,
        today: Callable[[], date],
        catalogue: Catalogue,
        links: Links,
        vault: Vault,
        senders: int,
        lease_seconds: int,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._server = server
        self._policies = policies
        self._today = today
        self._catalogue = catalogue
        self._links = links
        self._vault = vault
        self._senders = senders
        self._lease_seconds = lease_seconds
        self._bell = Wake()
        self._domain = server.sender.rpartition("@")[2]
        self._metrics = metrics

    def wake(self) -> None:
        """Tell the sender that something is due."""
        self._bell.set()

    async def run(self) -> None:
        """Run until cancelled; then what is in flight is finished, so that nothing is left in doubt."""
        stop = asyncio.Event()
        loops = [self._send_all(stop), self._watch_leases(stop)] if self._senders else []
        working = asyncio.gather(*loops)
        try:
            await asyncio.shield(working)
            await asyncio.Event().wait()  # without connections there is nothing to do until the end
        except asyncio.CancelledError:
            stop.set()
            self.wake()
            async with asyncio.timeout(self._lease_seconds):
                await working
            raise

    async def _send_all(self, stop: asyncio.Event) -> None:
        free = [SmtpSession(self._server) for _ in range(self._senders)]
        flying: dict[asyncio.Task[Attempt], tuple[SmtpSession, Claimed]] = {}
        done: list[tuple[Claimed, Attempt]] = []
        failures = 0
        while flying or done or not stop.is_set():
            try:
                if flying:
                    landed, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                    for task in landed:
                        session, claimed = flying.pop(task)
                        free.append(session)
                        done.append((claimed, task.result()))
                ready = [] if stop.is_set() else await self._connected(free, look=not flying and not done)
                taken = await self._store_and_claim(done, len(ready))
                done = []
                for session, claimed in zip(ready, taken, strict=False):
                    free.remove(session)
                    flying[asyncio.create_task(self._send(session, claimed))] = session, claimed
                failures = 0
            except Exception as error:  # whatever it is, the other notices must go out; a lease says what is left open
                failures += 1
                logger.exception("sender.failed", exc_info=error)
                if stop.is_set() and failures > FAILURES_AT_STOP_MAX:
                    break
                await self._bell.wait(backoff(failures, first=2.0, most=BACK_OFF_SECONDS_MAX))
                continue
            if not flying:
                await self._bell.wait(IDLE_SECONDS)
        for session in free:
            session.close()

    def _policy(self) -> Policy:
        """Return the policy of the day of an attempt: how to send and when to try again is of the sending, not of the cause."""
        return self._policies.on(self._today())

    async def _connected(self, free: list[SmtpSession], *, look: bool) -> list[SmtpSession]:
        """Return the free connections that are open, opening them where something is due.

        The connection comes before the claim: a server that is away costs no notice an attempt.
        """
        if look:
            async with self._database.view() as view:
                if not await has_due(view, self._database.clock.now()):
                    return []
        ready = []
        for session in free:
            if not await session.open():
                break
            ready.append(session)
        return ready

    async def _store_and_claim(self, done: list[tuple[Claimed, Attempt]], count: int) -> list[Claimed]:
        if not done and not count:
            return []
        async with self._database.begin() as tx:
            overtaken = await use_cases.finish(tx, done, self._policy().retry)
            if overtaken:
                logger.warning("sender.overtaken", extra={"count": overtaken})
            if not count:
                return []
            return await use_cases.claim(
                tx, self._catalogue, self._links, self._vault, count=count, lease_seconds=self._lease_seconds
            )

    async def _send(self, session: SmtpSession, claimed: Claimed) -> Attempt:
        channel = self._policy().channels.get(claimed.channel)
        if channel is None or channel.gateway is None:
            attempt = Attempt("permanent", "no_gateway")
        elif claimed.text is None or claimed.to is None:
            attempt = Attempt("permanent", claimed.code)
        else:
            message = Message(
                to=claimed.to.address,
                subject=claimed.text.subject,
                body=claimed.text.body,
                message_id=message_id(claimed.notice_id, claimed.resends, self._domain),
                at=self._database.clock.now(),
            )
            try:
                attempt = await session.send(message)
            except BaseException:
                session.close()  # nobody knows what it is in the middle of
                raise
        # a closed question is no fault of a gateway, and wakes nobody
        result = "closed" if attempt.code == QUESTION_CLOSED else attempt.result
        self._metrics.counter("notices_total").labels(claimed.channel, result).inc()
        return attempt

    async def _watch_leases(self, stop: asyncio.Event) -> None:
        """Look for notices whose sender died, here or in another process."""
        while not stop.is_set():
            try:
                async with self._database.begin() as tx:
                    expired = await use_cases.expire_leases(tx, self._policy().retry)
                if expired:
                    logger.warning("sender.leases_expired", extra={"count": expired})
            except Exception as error:
                logger.exception("sender.failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease_seconds / LOOKS_PER_LEASE):
                    await stop.wait()
