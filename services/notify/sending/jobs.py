"""Reads the mailbox that bounces come to, beside the service.

What a batch of mails says is stored, and only then are they moved. Who dies between finds them again, and what came twice changes
nothing. Of several replicas one reads at a time.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from services.notify.notices.domain.receipts import Receipt
from services.notify.notices.use_cases import receipts
from services.notify.policies.domain import Policies
from services.notify.sending.domain import bounces
from services.notify.sending.domain.bounces import Bounce, Stamps
from services.notify.sending.gateways.mailbox import PROCESSED, UNKNOWN, Mailbox
from shared.db.engine import Database
from shared.db.leadership import Leader, NotLeader, lead
from shared.loops import backoff
from shared.metrics import Metrics

logger = logging.getLogger(__name__)
T = TypeVar("T")
GATEWAY, LEADER = "smtp", "notify.bounces"
LOOK_SECONDS = 60.0
BACK_OFF_SECONDS_MAX = 600.0
CALL_SECONDS_MAX = 120.0  # of one call, however slowly the server speaks


class Bounces:
    """Reads one mailbox."""

    def __init__(
        self,
        database: Database,
        mailbox: Callable[[], Mailbox],
        stamps: Stamps,
        *,
        policies: Policies,
        wake: Callable[[], None],
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._mailbox = mailbox
        self._stamps = stamps
        self._policies = policies
        self._wake = wake
        self._metrics = metrics

    async def run(self) -> None:
        """Read what is there, then look again every minute, until cancelled."""
        self._note_read()
        failures = 0
        while True:
            try:
                await self.read_all()
                failures = 0
            except Exception as error:
                # neither the server's words nor a mail's are logged: they may hold an address
                failures += 1
                logger.warning("bounces.unread", extra={"error": type(error).__name__})
            await asyncio.sleep(
                backoff(failures, first=LOOK_SECONDS, most=BACK_OFF_SECONDS_MAX) if failures else LOOK_SECONDS
            )

    async def read_all(self) -> None:
        """Read the mailbox to its end, in batches, in one session, unless another process does at this moment."""
        mailbox = self._mailbox()
        try:
            async with lead(self._database, LEADER) as leader:
                await self._call(mailbox, mailbox.open)
                while await self._read_batch(mailbox, leader):
                    pass
        except NotLeader:
            logger.debug("bounces.read_elsewhere")
        finally:
            mailbox.close()
        self._note_read()

    async def _read_batch(self, mailbox: Mailbox, leader: Leader) -> int:
        mails = await self._call(mailbox, mailbox.batch)
        said = await asyncio.to_thread(lambda: [bounces.read(mail.raw, self._stamps) for mail in mails])
        given = [receipt for each in said if isinstance(each, Bounce) and (receipt := _receipt(each)) is not None]
        if given:
            async with leader.begin() as tx:
                await receipts.take(tx, given, self._policies)
            self._wake()
        for folder, understood in ((PROCESSED, True), (UNKNOWN, False)):
            uids = [mail.uid for mail, each in zip(mails, said, strict=True) if isinstance(each, Bounce) is understood]
            await self._call(mailbox, partial(mailbox.move, uids, folder))
        counted = Counter(each.result if isinstance(each, Bounce) else each.reason for each in said)
        for result, count in counted.items():
            self._metrics.counter("bounces_total").labels(result).inc(count)
        return len(mails)

    async def _call(self, mailbox: Mailbox, work: Callable[[], T]) -> T:
        """Do what blocks in a thread, and end it by ending its connection where it takes too long or nobody waits for it."""
        try:
            async with asyncio.timeout(CALL_SECONDS_MAX):
                return await asyncio.to_thread(work)
        except (TimeoutError, asyncio.CancelledError):
            mailbox.close()
            raise

    def _note_read(self) -> None:
        self._metrics.gauge("bounces_last_read_timestamp_seconds").set(self._database.clock.now().timestamp())


def _receipt(bounce: Bounce) -> Receipt | None:
    """Return what is kept of a bounce: nothing of a message that is still under way."""
    if bounce.result == "under_way":
        return None
    return Receipt(gateway=GATEWAY, message_id=bounce.message_id, result=bounce.result, code=bounce.code)
