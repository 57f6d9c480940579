"""The sender: sends what is due, over some connections at the same time."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import date

from services.notify.notices.domain.receipts import message_id
from services.notify.notices.store.attempts import has_due
from services.notify.notices.use_cases import receipts
from services.notify.policies.domain import Policies
from services.notify.questions.domain.links import Links
from services.notify.sending import use_cases
from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.gateways.session import Connectionless, Gateway, Session
from services.notify.sending.use_cases import SAID_NO_MORE, Claimed, Rules
from services.notify.templates.domain import Catalogue
from services.notify.vault import Vault
from shared.db.engine import Database
from shared.loops import backoff, until_finished
from shared.metrics import Metrics
from shared.wake import Wake

logger = logging.getLogger(__name__)
IDLE_SECONDS = 1.0  # how long a retry that is due may be overlooked
BACK_OFF_SECONDS_MAX = 30.0  # a mail server or database that is away is asked again at least this often
FAILURES_AT_STOP_MAX = 3
LOOKS_PER_LEASE = 4


class Nowhere(Connectionless):
    """Where a channel goes that no gateway is given for."""

    async def send(self, message: Message) -> Attempt:
        return Attempt("permanent", "no_gateway")


class Sender:
    """Sends each channel's notices over as many sessions of its gateway as it has senders: one that is away holds up no other."""

    def __init__(
        self,
        database: Database,
        gateways: Mapping[str, Gateway],
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
        self._gateways = gateways
        self._policies = policies
        self._today = today
        self._catalogue = catalogue
        self._links = links
        self._vault = vault
        self._senders = senders
        self._lease_seconds = lease_seconds
        self._bells = {name: Wake() for version in policies for name in version.rules.channels}
        self._metrics = metrics

    def wake(self) -> None:
        """Tell the sender that something is due."""
        for bell in self._bells.values():
            bell.set()

    async def run(self) -> None:
        """Run until cancelled; then what is in flight is finished, so that nothing is left in doubt."""
        await until_finished(self._work, wake=self.wake, seconds=self._lease_seconds)

    async def _work(self, stop: asyncio.Event) -> None:
        if self._senders:
            await asyncio.gather(self._watch(stop), *(self._send_all(each, stop) for each in self._bells))
        else:
            await stop.wait()

    async def _send_all(self, channel: str, stop: asyncio.Event) -> None:
        bell = self._bells[channel]
        gateway = self._gateway(channel)
        free = [gateway() for _ in range(self._senders)]
        flying: dict[asyncio.Task[Attempt], tuple[Session, Claimed]] = {}
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
                elif gateway is not self._gateway(channel):  # by a policy that is of another day
                    _close(free)
                    gateway = self._gateway(channel)
                    free = [gateway() for _ in range(self._senders)]
                ready = [] if stop.is_set() else await self._open(channel, free, look=not flying and not done)
                taken = await self._store_and_claim(channel, done, len(ready))
                done = []
                done += [(each, self._unsaid(each)) for each in taken if not each.is_said]
                for session, claimed in zip(ready, (each for each in taken if each.is_said), strict=False):
                    free.remove(session)
                    flying[asyncio.create_task(self._send(session, claimed))] = session, claimed
                failures = 0
            except Exception as error:  # whatever it is, the other notices must go out; a lease says what is left open
                failures += 1
                logger.exception("sender.failed", exc_info=error)
                if stop.is_set() and failures > FAILURES_AT_STOP_MAX:
                    break
                await bell.wait(backoff(failures, first=2.0, most=BACK_OFF_SECONDS_MAX))
                continue
            if not flying and not done:
                await bell.wait(IDLE_SECONDS)
        _close(free)

    def _gateway(self, channel: str) -> Gateway:
        """Return the gateway of a channel by the policy of today: how to send is of the sending, not of the cause."""
        today = self._rules().today.channels.get(channel)
        return self._gateways.get((today and today.gateway) or "", Nowhere)

    def _rules(self) -> Rules:
        return Rules(today=self._policies.on(self._today()), policies=self._policies, kinds=self._catalogue.kinds)

    async def _open(self, channel: str, free: list[Session], *, look: bool) -> list[Session]:
        """Return the free sessions that are open, opening them where something is due.

        The connection comes before the claim: a server that is away costs no notice an attempt.
        """
        if look:
            async with self._database.view() as view:
                if not await has_due(view, channel, self._database.clock.now()):
                    return []
        ready = []
        for session in free:
            if not await session.open():
                break
            ready.append(session)
        return ready

    async def _store_and_claim(self, channel: str, done: list[tuple[Claimed, Attempt]], count: int) -> list[Claimed]:
        if not done and not count:
            return []
        async with self._database.begin() as tx:
            overtaken = await use_cases.finish(tx, done, self._rules())
            if overtaken:
                logger.warning("sender.overtaken", extra={"count": overtaken})
            if not count:
                return []
            return await use_cases.claim(
                tx,
                self._catalogue,
                self._links,
                self._vault,
                policies=self._policies,
                channel=channel,
                count=count,
                lease_seconds=self._lease_seconds,
            )

    async def _send(self, session: Session, claimed: Claimed) -> Attempt:
        assert claimed.text is not None
        assert claimed.to is not None
        message = Message(
            id=message_id(claimed.notice_id, claimed.way),
            to=claimed.to.address,
            subject=claimed.text.subject,
            body=claimed.text.body,
            short=claimed.text.short,
            link=claimed.text.link,
            template=claimed.template,
            at=self._database.clock.now(),
            again=claimed.doubts > 0,
        )
        try:
            attempt = await session.send(message)
        except BaseException:
            session.close()  # nobody knows what it is in the middle of
            raise
        self._count(claimed, attempt.result)
        return attempt

    def _unsaid(self, claimed: Claimed) -> Attempt:
        # what is not to be said any more is no fault of a gateway, and wakes nobody
        self._count(claimed, "closed" if claimed.code in SAID_NO_MORE else "permanent")
        return Attempt("permanent", claimed.code)

    def _count(self, claimed: Claimed, result: str) -> None:
        self._metrics.counter("notices_total").labels(claimed.channel, result).inc(1 + len(claimed.others))

    async def _watch(self, stop: asyncio.Event) -> None:
        """Look for notices whose sender died, here or in another process, and for receipts that came early or never."""
        while not stop.is_set():
            try:
                async with self._database.begin() as tx:
                    matched = await receipts.match(tx, self._policies)
                    expired = await use_cases.expire(tx, self._rules())
                if expired:
                    logger.warning("sender.leases_expired", extra={"count": expired})
                if matched:
                    self.wake()
            except Exception as error:
                logger.exception("sender.failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease_seconds / LOOKS_PER_LEASE):
                    await stop.wait()


def _close(sessions: Iterable[Session]) -> None:
    for session in sessions:
        session.close()
