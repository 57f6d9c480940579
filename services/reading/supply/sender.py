"""The loop that carries supply orders out: takes what is due, calls the head-end, stores what it answers."""

import asyncio
import logging
from typing import Final

from services.reading.supply import store
from services.reading.supply.domain import Answer
from services.reading.supply.gateways import HeadEnd
from services.reading.supply.use_cases import sending
from services.reading.supply.use_cases.sending import Call, Rules
from shared.db.engine import Database
from shared.loops import backoff, until_finished
from shared.metrics import Metrics
from shared.wake import Wake

logger = logging.getLogger(__name__)
IDLE_SECONDS: Final = 1.0  # how long an order that is due may be overlooked
FAILURES_AT_STOP_MAX: Final = 3


class SupplySender:
    """Carries orders out over so many calls at the same time; without a head-end it gives them to persons and ends them."""

    def __init__(
        self, database: Database, head_end: HeadEnd | None, *, rules: Rules, senders: int, metrics: Metrics
    ) -> None:
        self._database = database
        self._head_end = head_end
        self._rules = rules
        self._senders = senders
        self._metrics = metrics
        self._bell = Wake()

    def wake(self) -> None:
        """Tell the sender that something may be due."""
        self._bell.set()

    async def run(self) -> None:
        """Run until cancelled; then what is in flight is finished, so that nothing is left in doubt."""
        await until_finished(self._work, wake=self.wake, seconds=self._rules.lease.total_seconds())

    async def _work(self, stop: asyncio.Event) -> None:
        flying: dict[asyncio.Task[Answer], Call] = {}
        done: list[tuple[Call, Answer]] = []
        failures = 0
        while flying or done or not stop.is_set():
            try:
                if flying:
                    ringing = asyncio.ensure_future(self._bell.wait(IDLE_SECONDS))
                    await asyncio.wait({*flying, ringing}, return_when=asyncio.FIRST_COMPLETED)
                    ringing.cancel()
                    done += [(flying.pop(task), task.result()) for task in [each for each in flying if each.done()]]
                free = 0 if stop.is_set() else self._senders - len(flying)
                for call in await self.turn(done, free, look=not stop.is_set()):
                    flying[asyncio.create_task(self._call(call))] = call
                done = []
                failures = 0
            except Exception as error:  # whatever it is, the other orders must go out; a lease says what is left open
                failures += 1
                logger.exception("supply.failed", exc_info=error)
                if stop.is_set() and failures > FAILURES_AT_STOP_MAX:
                    break
                await self._bell.wait(backoff(failures, first=2.0))
                continue
            if not flying and not stop.is_set():
                await self._bell.wait(IDLE_SECONDS)

    async def turn(self, done: list[tuple[Call, Answer]], free: int, *, look: bool = True) -> list[Call]:
        """Store what became of calls, and return the next ones to make, at most so many."""
        if not done:
            async with self._database.view() as view:
                if not look or not await store.due(view, self._database.clock.now(), 1):
                    return []
        async with self._database.begin() as tx:
            overtaken = await sending.settle(tx, done, self._rules)
            calls = await sending.take(tx, rules=self._rules, calls_max=free) if look else []
        if overtaken:
            logger.warning("supply.overtaken", extra={"count": overtaken})
        return calls

    async def once(self) -> int:
        """Take what is due, make its calls and store their answers; return how many calls that were."""
        calls = await self.turn([], self._senders)
        answers = await asyncio.gather(*map(self._call, calls))
        await self.turn(list(zip(calls, answers, strict=True)), 0, look=False)
        return len(calls)

    async def _call(self, call: Call) -> Answer:
        assert self._head_end is not None
        now = self._database.clock.now()
        if now >= call.until:  # it was stuck for so long that another one may be at it
            return Answer(result="in_doubt", code="call.too_late")
        ask = self._head_end.send if call.kind == "send" else self._head_end.ask
        answer = await ask(call.asked, now)
        self._metrics.counter("supply_calls_total").labels(call.kind, answer.result).inc()
        return answer
