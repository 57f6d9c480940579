"""The whole line driven over its public REST interfaces by a caller who calls again: two monthly cycles of the sample district.

Calling again is safe by contract: reads and puts are idempotent, money carries an idempotency key, a device signs anew.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import orjson

from services.demo import closing, consents, play, prepaid, reviewing, setup, tariffs, telling, theft
from services.demo.district import EXCHANGE_DAY, District, Route
from services.demo.district import days as district_days
from services.demo.mailbox import Mailbox
from services.demo.stage import BATCH, DemoFailed, Stage
from services.demo.stories import MONTHS, Month
from services.notify.settings import NotifySettings
from shared import httpclient
from shared.settings import SERVICES, Settings
from shared.testing.faults import Crash
from shared.web import devices

CHANNEL_SECRET = "c" * 40
CALL_SECONDS_MAX = 180.0  # a service is back from a kill in seconds; several may follow each other on a busy machine
WAIT_SECONDS_MAX = 600.0
PAUSE_SECONDS = 0.1
JSON = {"Content-Type": "application/json"}
PRECONDITION_FAILED = 412
ASKED_BEFORE = ("closing.under_way", "approval.asked_already")  # by the call that was not answered
TRIED_AGAIN = frozenset({500, 502, 503, 504})
KNOWN = {"accepted", "done", "already_accepted", "already_done"}
LOOK_SECONDS = 0.5  # looking costs the services what they need for their work
QUIET_LOOKS = 4  # longer than a consumer's poll
TO_BE_DONE = ("wattline_journal_pending", "wattline_consumer_event_lag_seconds", "wattline_notices_queued")
MUST_BE_ZERO = (*TO_BE_DONE, "wattline_waiting_oldest_age_seconds")
PAYS_EVERY = 4
REMIND_ON = date(2026, 2, 10)  # December's bills are overdue
DAYS = (10, 20)  # of each month, beside the read day: enough for a duplicate and for validation against history
LATE = 8  # customers whose February is read after it was billed
LATE_FEES_ON = date(2026, 3, 7)
MOVED_AGAIN_ON = date(2026, 1, 20)

Transports = Mapping[str, httpx.AsyncBaseTransport]
Step = Callable[[str], Awaitable[None]]


def impatient_notify_policy(work: Path) -> Path:
    """Write the shipped policy for who cannot wait: retries after a second, no quiet hours, and room for months in a week."""
    policy = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text())
    pace = policy["versions"][0]["pace"]
    pace["quiet_hours"] = {days: {"from": "23:59", "to": "00:00"} for days in ("weekdays", "rest_days")}
    pace["budget"] = dict.fromkeys(pace["budget"], 1000)
    policy["versions"][0]["retry"] = {"temporary_seconds": [1] * 10, "in_doubt_seconds": [1] * 10}
    file = work / "notify_policy.json"
    file.write_text(json.dumps(policy))
    return file


async def no_faults(step: str) -> None:
    """What happens before each step of a good day."""


class Driver(Stage):
    """A stage whose calls are made again until they are answered. `on_call` is told the number of each call."""

    def __init__(self, district: District, settings: Settings, *, transports: Transports | None = None) -> None:
        super().__init__(district, settings, CHANNEL_SECRET, Mailbox())
        self._transports = transports or {}
        self.calls = 0
        self.calls_again = 0
        self.on_call: Callable[[int], Awaitable[None]] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Self]:
        async with AsyncExitStack() as stack:
            for name in SERVICES:
                client = httpclient.client(self._settings.url_of(name), transport=self._transports.get(name))
                self._clients[name] = await stack.enter_async_context(client)
            yield self

    def say(self, text: str) -> None:
        print(f"{self.seconds:6.1f} s  {text}", flush=True)

    async def call(
        self, who: str, method: str, service: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Any:
        content = None if body is None else body if isinstance(body, bytes) else orjson.dumps(body)
        given = {"Authorization": f"Bearer {self._tokens[who]}"} if who in self._tokens else {}
        given["Content-Type"] = "text/csv" if path.startswith("/v1/reads/csv") else "application/json"
        given |= headers or {}
        return await self._answer(method, service, path, content, lambda: given)

    async def _answer(
        self, method: str, service: str, path: str, content: bytes | None, headers: Callable[[], dict[str, str]]
    ) -> Any:
        """Return the JSON of an answer, however often it takes to get one; raises `DemoFailed` for a refusal."""
        self.calls += 1
        if self.on_call is not None:
            await self.on_call(self.calls)
        deadline = time.monotonic() + CALL_SECONDS_MAX
        unsure = False
        while True:
            try:
                async with self._at_once:
                    answer = await self._clients[service].request(method, path, content=content, headers=headers())
            except (httpx.TransportError, Crash):
                answer = None  # nobody knows how far it came
            if answer is not None and answer.is_success:
                return orjson.loads(answer.content)
            if answer is not None and answer.status_code not in TRIED_AGAIN:
                if unsure and (answer.status_code == PRECONDITION_FAILED or answer.json().get("code") in ASKED_BEFORE):
                    return {}  # what was not answered had been done
                raise DemoFailed(f"{method} {service} {path}: {answer.status_code} {answer.text[:300]}")
            if time.monotonic() > deadline:
                raise DemoFailed(f"{method} {service} {path}: no answer in {CALL_SECONDS_MAX:.0f} s")
            unsure = True
            self.calls_again += 1
            await asyncio.sleep(PAUSE_SECONDS)

    def count(self, answer: dict[str, Any], allowed: set[str]) -> list[dict[str, Any]]:
        return super().count(answer, KNOWN | allowed)  # what was not answered may have been done

    async def push(self, device_id: str, path: str, items: Sequence[dict[str, Any]], allowed: set[str]) -> None:
        """Send items as a head-end, which never sends one signed message twice."""
        key = self._device_keys[device_id]
        for start in range(0, len(items), BATCH):
            body = orjson.dumps({"items": items[start : start + BATCH]})
            sign = partial(devices.sign, key=key, device_id=device_id, method="POST", target=path, body=body)
            answer = await self._answer("POST", "reading", path, body, lambda sign=sign: {**JSON, **sign()})
            self.count(answer, allowed)

    async def metrics(self, service: str) -> dict[str, float]:
        """Return the metrics that have no labels; nothing where the service does not answer."""
        try:
            return await super().metrics(service)
        except Crash:
            return {}

    async def heard(self) -> None:
        await quiet(self)

    async def until(self, what: str, reached: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not await reached():
            if time.monotonic() > deadline:
                raise DemoFailed(f"did not happen within {WAIT_SECONDS_MAX:.0f} s: {what}; {await self._totals_text()}")
            await asyncio.sleep(LOOK_SECONDS)

    async def _totals_text(self) -> str:
        cycles = (play.BEFORE.cycle, *(month.cycle for month in MONTHS))
        return str({cycle: await self.totals(cycle) for cycle in cycles})


async def push_month(stage: Stage, month: Month) -> None:
    """Push what the smart meters tell of a month: three days of registers, and a day of curves, all where they are billed."""
    smart = [route for route in stage.district.routes if not route.manual]
    days = [*(month.first.replace(day=day) for day in DAYS), month.read_on]
    all_days = district_days(month.first, month.read_on)
    for route in smart:
        own = [
            {"meter_no": stage.district.customers[i].meter_no, "day": str(day), "unit": "Wh"}
            | {"interval_minutes": minutes, "values": stage.district.curve(i, day)}
            for i, minutes in stage.district.curves.items()
            if i in route.members
            for day in (all_days if stage.district.curve_minutes_of(i) else days[:1])
        ]
        await stage.push(setup.head_end(route), "/v1/curves", own, play.NEW)
    await asyncio.gather(*(_push_route(stage, route, days) for route in smart))
    stage.say(f"{month.cycle}: registers of {len(days)} days pushed")


async def _push_route(stage: Stage, route: Route, days: Sequence[date]) -> None:
    late = {stage.district.stories["late_read"], *late_ones(stage.district)[:LATE]}
    for day in days:
        who = [i for i in route.members if day != MONTHS[1].read_on or i not in late]
        if day == EXCHANGE_DAY:
            who = [i for i in who if i not in stage.district.exchanged]
        await stage.push(setup.head_end(route), "/v1/reads", stage.district.reads(who, day), play.NEW)


async def pay(stage: Stage, month: Month, day: date) -> None:
    """Pay some of what is open, at the counter and by app; two customers pay in their own way, most not at all."""
    names = {i: name for name, i in stage.district.stories.items()}
    index_of = stage.district.index_of
    open_ = await stage.all("collection", "/v1/receivables", cycle=month.cycle, status="open")

    async def one(account_no: str, fen: int) -> None:
        i = index_of[account_no]
        name = names.get(i, "") if month == MONTHS[0] else ""
        if name == "wrong_amount":
            order_id = await stage.order(account_no, fen)
            answer = await stage.callback(order_id, fen - play.WRONG_BY_FEN, day)
            body = {"action": "allocate", "account_no": account_no, "reason": "confirmed", "resolved_on": str(day)}
            path = f"/v1/suspense/{answer['payment_id']}/resolution"
            await stage.call("cashier-2", "POST", "collection", path, body, headers={"Idempotency-Key": order_id})
        elif i % 3 == 0 or name:
            fen += play.OVERPAID_FEN * (name == "overpayment")
            order_id = await stage.order(account_no, fen)
            for _ in range(1 + (name == "double_callback")):
                await stage.callback(order_id, fen, day)
        else:
            await stage.counter(account_no, fen, day)

    payers = [r for r in open_ if _pays(index_of[r["account_no"]], names)]
    await asyncio.gather(*(one(r["account_no"], r["outstanding_fen"]) for r in payers))
    stage.say(f"{month.cycle}: {len(payers)} of {len(open_)} bills paid")


def _pays(i: int, names: Mapping[int, str]) -> bool:
    return names[i] != "never_pays" if i in names else i % PAYS_EVERY == 0


async def two_cycles(stage: Stage, before: Step = no_faults) -> None:
    """Play both months, each step behind the one before it; `before` is told the name of each step.

    Each step waits for what the next one builds on, so that the books depend on the steps alone and not on their speed.
    """
    routes = stage.district.routes
    manual, smart = [r for r in routes if r.manual], [r for r in routes if not r.manual]
    january, february = MONTHS

    await before("live-0")
    await tariffs.load_tariffs(stage)
    await play.go_live(stage, manual)
    await play.plan(stage, play.BEFORE)
    await before("close-0")
    await play.read_by_hand(stage, play.BEFORE)
    await play.close_month(stage, play.BEFORE, manual)
    await before("pay-0")
    await pay(stage, play.BEFORE, date(2026, 1, 10))
    await closing.prepay(stage)
    await before("live-1")
    await play.go_live(stage, smart)
    await play.exchange_meters(stage)
    await play.move(stage)
    await play.plan(stage, january)
    await before("push-1")
    await push_month(stage, january)
    await play.push_twice(stage)
    await theft.suspect(stage)
    await play.read_by_hand(stage, january)
    await before("close-1")
    await play.close_month(stage, january, routes)
    await reviewing.review(stage, january, reviewing.NEW_SUPPLY)
    await play.posted(stage, january)
    await before("pay-1")
    await pay(stage, january, date(2026, 2, 6))
    await before("correct")
    await closing.find(stage)
    await play.correct_read(stage)
    await play.repair_exchange(stage)
    await play.move_in_past(stage)
    await play.change_class(stage)
    await consents.ask_for_read_day(stage)
    await consents.doubt(stage)
    await stage.job("collection", "remind", REMIND_ON)
    await play.plan(stage, february)
    await before("push-2")
    await push_month(stage, february)
    await theft.investigate(stage)
    await closing.announce(stage)
    await consents.answer(stage)
    await play.read_by_hand(stage, february)
    await before("close-2")
    await play.close_month(stage, february, routes)
    await reviewing.review(stage, february, reviewing.HEATS)
    await play.posted(stage, february)
    await consents.explain(stage)
    await theft.propose(stage)
    await before("pay-2")
    await pay(stage, february, date(2026, 3, 6))
    await before("late")
    await theft.charge(stage)
    await consents.decide_read_day(stage)
    await play.read_late(stage)
    await read_late(stage)
    await play.read_move(stage)
    await move_again(stage)
    await closing.end(stage)
    await closing.settle(stage)
    await before("settle")
    await play.settle(stage)
    await telling.call(stage)
    await before("prepaid")
    await prepaid.begin(stage)
    await stage.job("collection", "charge-late-fees", LATE_FEES_ON)
    await before("score")
    await consents.score(stage)


def late_ones(district: District) -> list[int]:
    """Return who is read late, and last whose read is annulled: none of them has a story."""
    stories = set(district.stories.values())
    plain = [i for route in district.routes if not route.manual for i in route.members if i not in stories]
    return random.Random(district.size).sample(plain, LATE + 1)


async def read_late(stage: Stage) -> None:
    """Push reads that missed their window, and annul one, after all of it was billed."""
    *late, annulled = late_ones(stage.district)
    for i in late:
        one = stage.district.reads([i], MONTHS[1].read_on)
        await stage.push(setup.head_end(stage.district.route_of(i)), "/v1/reads", one, play.NEW)
    meter_no = stage.district.customers[annulled].meter_no
    read_at = MONTHS[0].read_on - timedelta(days=1)
    path = f"/v1/reads/{meter_no}~{read_at:%Y%m%d}T160000Z~remote/annulment"
    await stage.call("engineer-1", "POST", "reading", path, {"reason": "wrong_meter"})
    await asyncio.gather(*(play.corrected(stage, i, "bills of late reads are corrected") for i in (*late, annulled)))
    stage.say(f"{len(late)} reads came late and one is annulled, after they were billed")


async def move_again(stage: Stage) -> None:
    """Move the day on which a home changed hands, after it was billed."""
    moved = setup.move(stage.district, day=MOVED_AGAIN_ON, reason="wrong_day")
    await stage.put("clerk-1", "billing", "/v1/accounts", moved)
    await play.corrected(stage, stage.district.stories["move"], "both bills of the move are corrected again", times=2)
    stage.say(f"the home changed hands on {MOVED_AGAIN_ON}, as is known now")


async def quiet(driver: Driver) -> None:
    """Wait until no service has anything left to tell, to hear or to send, and nothing came for a few looks."""
    looks = 0

    async def reached() -> bool:
        nonlocal looks
        looks = looks + 1 if all([await _is_quiet(driver, name) for name in SERVICES]) else 0
        return looks >= QUIET_LOOKS

    await driver.until("all services are quiet", reached)


async def idle(driver: Driver) -> bool:
    """Return whether no service has anything to do now; what waits for something to come may be there."""
    return all([await _is_quiet(driver, name, TO_BE_DONE) for name in SERVICES])


async def _is_quiet(driver: Driver, name: str, gauges: Sequence[str] = MUST_BE_ZERO) -> bool:
    told = await driver.metrics(name)
    return bool(told) and not any(told.get(gauge, 0.0) for gauge in gauges)
