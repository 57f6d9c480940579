"""Two dozen kills, errors, a lost database server and a wiped broker on the way through two months: the books of a good day.

The bad day is had on Apache Kafka and durable PostgreSQL with a process for each service. The good day is the same district
over the product's defaults, one process on SQLite and the embedded log: the books depend on neither. `python -m tests.chaos
kills` draws other seeds, and sets how many kills and accounts there are.
"""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.command import reconcile
from services.demo import closing, play, runner
from services.demo.district import District
from services.demo.stories import MONTHS
from shared.settings import SERVICES, Settings
from shared.testing.faults import AFTER_SEND, AFTER_STATEMENT, BEFORE_COMMIT, BEFORE_OFFSET, BEFORE_SEND, ERRORS, POINTS
from shared.testing.servers import KafkaBroker, PostgresServer
from shared.testing.smtp import SmtpServer
from tests.e2e.fleet import Fleet, Order, environment, wattline
from tests.e2e.launch import KILL
from tests.kits import books, effort, line
from tests.kits.gateways import SmsCentre, Web, serving

SEEDS = effort.seeds(20260301)
ACCOUNTS = effort.number(effort.ACCOUNTS_NAME, 2000)
KILLS = effort.number(effort.KILLS_NAME, 24)
SENDERS = 3  # a kill leaves one notice in doubt for each
READY_SECONDS_MAX = 120
IDLE_LOOKS = 3
ORDERS_SECONDS_MAX = 180  # from one order that is carried out to the next
CYCLES = (play.BEFORE.cycle, *(month.cycle for month in MONTHS), closing.CYCLE)
CHANNELS = ("email", "sms", "landline")
SENDING = (BEFORE_COMMIT, BEFORE_SEND, AFTER_SEND)

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(1800 + 30 * KILLS)]

# Where each service passes which points, and up to the how-manieth passing an order may wait there. How often a point is passed
# depends on the speed of the day (the relay sends what has gathered): who still waits when a step has nothing left to do is
# killed then and there.
STEPS: dict[tuple[str, str], dict[str, int]] = {
    **{("reading", point): {"push-1": 2, "push-2": 2, "late": 4} for point in SENDING},
    ("reading", AFTER_STATEMENT): {"live-1": 60, "push-1": 60, "close-1": 8, "push-2": 60, "late": 20},
    ("reading", BEFORE_OFFSET): {"live-1": 1},
    **{("billing", point): {"live-1": 2, "close-1": 1, "close-2": 1, "late": 4} for point in SENDING},
    ("billing", AFTER_STATEMENT): {"live-1": 20, "push-1": 20, "close-1": 20, "push-2": 20, "close-2": 20, "late": 40},
    ("billing", BEFORE_OFFSET): {"push-1": 1, "push-2": 1, "late": 1},
    **{("collection", point): {"pay-1": 20, "pay-2": 20, "late": 2} for point in SENDING},
    ("collection", AFTER_STATEMENT): {"close-1": 20, "pay-1": 200, "close-2": 20, "pay-2": 200, "late": 20},
    ("collection", BEFORE_OFFSET): {"live-1": 1, "close-1": 1, "close-2": 1},
    **{("notify", point): {"close-1": 20, "close-2": 20} for point in SENDING},
    ("notify", AFTER_STATEMENT): {"live-1": 10, "close-1": 60, "close-2": 60},
    ("notify", BEFORE_OFFSET): {"live-1": 1, "close-1": 1, "close-2": 1},
}
STEP_ORDER = ("live-1", "push-1", "close-1", "pay-1", "push-2", "close-2", "pay-2", "late")


def orders(seed: int) -> list[Order]:
    """Return what a seed orders, by step: a kill of each service at each point and some more, and an error in each service."""
    chosen = random.Random(seed)
    pairs = chosen.sample(list(STEPS), min(KILLS, len(STEPS)))
    pairs += chosen.choices(list(STEPS), k=KILLS - len(pairs))
    drawn = [(pair, KILL) for pair in pairs]
    for name in SERVICES:
        drawn += [((name, chosen.choice(POINTS)), error.__name__) for error in ERRORS]
    made = []
    for (service, point), fault in drawn:
        step = chosen.choice(sorted(STEPS[service, point]))
        made.append(Order(step, service, point, chosen.randint(1, STEPS[service, point][step]), fault))
    # what was heard may be all there is to hear in a step, so that comes first; then in the order of the event flow:
    # what crashed at one point passes the next one again
    return sorted(made, key=lambda o: (STEP_ORDER.index(o.step), o.point != BEFORE_OFFSET, POINTS.index(o.point)))


def settings_of_mail(work: Path, mails: SmtpServer, sms: Web, *, senders: int) -> dict[str, str]:
    """Mail and text to our own servers, and settle soon what is in doubt; a kill leaves one notice in doubt per sender."""
    return {
        "sms_url": sms.url,
        "sms_user": "wattline",
        "sms_secret": "s" * 40,
        "gateway_timeout_seconds": "4",
        "smtp_port": str(mails.port),
        "smtp_timeout_seconds": "4",
        "notice_lease_seconds": "17",
        "notice_senders": str(senders),
        "notify_policy": str(line.impatient_notify_policy(work)),
        "billing_policy": str(runner.early_policy(work)),
        # a notice that asks holds its link: the books know what was said
        "public_url": "https://answers.example",
        "link_key": "l" * 40,
    }


def settings_from(env: dict[str, str]) -> Settings:
    return Settings.load({name: value for name, value in env.items() if name.startswith("WATTLINE_")})


async def played(
    seed: int, env: dict[str, str], fleet: Fleet, prepare: Callable[[line.Driver], line.Step]
) -> books.Books:
    """Play both months on running services, and return the books."""
    settings = settings_from(env)
    driver = line.Driver(District(ACCOUNTS, seed=seed, phones=True), settings)
    async with driver.open():
        await wait_until_ready(driver)
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(fleet.watch())
            await line.two_cycles(driver, prepare(driver))
            await line.quiet(driver)
            watching.cancel()
        for cycle in CYCLES:
            for result in reconcile.compare(await driver.totals(cycle)):
                assert result.agrees, (cycle, result)
        for name in SERVICES:
            assert await driver.call("operator-1", "GET", name, "/v1/dead-letters") == {
                "items": [],
                "next_cursor": None,
            }
    return await books.dump({name: settings.database_url_of(name) for name in SERVICES})


async def wait_until_ready(driver: line.Driver) -> None:
    async with asyncio.timeout(READY_SECONDS_MAX):
        for name in SERVICES:
            await driver.call("auditor-1", "GET", name, "/health/ready")


def a_good_day(driver: line.Driver) -> line.Step:
    return line.no_faults


async def good_day(seed: int, work: Path) -> books.Books:
    centre = SmsCentre()
    with SmtpServer() as mails:
        async with serving(centre) as sms:
            env = environment(work, **settings_of_mail(work, mails, sms, senders=4))
            fleet = Fleet(work, env)
            fleet.start_together()
            try:
                found = await played(seed, env, fleet, a_good_day)
            finally:
                fleet.stop()
        assert set(mails.message_ids().values()) == {1}
        assert set(centre.texts.values()) == {1}
    return found


class BadDay:
    """The servers of a bad day, and what is done to them while it lasts."""

    def __init__(
        self, seed: int, work: Path, postgres: PostgresServer, kafka: KafkaBroker, mails: SmtpServer, sms: Web
    ) -> None:
        self.postgres, self.kafka = postgres, kafka
        self.done: set[str] = set()
        self._chosen = random.Random(f"servers {seed}")
        urls = {name: postgres.create_database(f"wattline_{name}") for name in SERVICES}
        self.env = environment(
            work,
            database_url=urls["reading"].replace("wattline_reading", "wattline_{service}"),
            event_log=f"kafka://{kafka.bootstrap}",
            **settings_of_mail(work, mails, sms, senders=SENDERS),
        )
        for command in (("migrate",), ("topics", "create")):
            self.run(*command)
        self.fleet = Fleet(work, self.env, orders(seed))

    def run(self, *command: str) -> None:
        done = wattline(self.env, *command)
        assert done.returncode == 0, done.stderr

    def prepare(self, driver: line.Driver) -> line.Step:
        at_call: dict[int, Callable[[], Awaitable[None]]] = {}

        async def on_call(number: int) -> None:
            if fault := at_call.pop(number, None):
                await fault()

        async def before(step: str) -> None:
            await self.orders_carried_out(driver)
            self.fleet.begin(step)
            if step == "pay-1":
                at_call[driver.calls + self._chosen.randint(1, ACCOUNTS // 8)] = self.kill_postgres
            if step == "push-2":
                at_call[driver.calls + self._chosen.randint(1, 8)] = self.wipe_kafka

        driver.on_call = on_call
        return before

    async def orders_carried_out(self, driver: line.Driver) -> None:
        """Wait until the orders of the step are carried out; once nothing is left to do, nobody passes a point any more."""
        left, looks, deadline = self.fleet.left, 0, time.monotonic() + ORDERS_SECONDS_MAX
        while left:
            assert time.monotonic() < deadline, f"not carried out: {left}"
            looks = looks + 1 if await line.idle(driver) else 0
            if looks >= IDLE_LOOKS:
                self.fleet.end_orders()
            await asyncio.sleep(line.LOOK_SECONDS)
            if self.fleet.left != left:
                left, looks, deadline = self.fleet.left, 0, time.monotonic() + ORDERS_SECONDS_MAX

    async def kill_postgres(self) -> None:
        self.postgres.kill()
        self.postgres.start()  # from the main thread: the server ends with the thread that started it
        self.done.add("PostgreSQL killed and started")

    async def wipe_kafka(self) -> None:
        await asyncio.to_thread(self.kafka.wipe)
        await asyncio.to_thread(self.kafka.start)
        await asyncio.to_thread(self.run, "topics", "create")
        for name in SERVICES:
            await asyncio.to_thread(self.run, "republish", name, "--from", "2020-01-01T00:00:00+00:00")
        self.done.add("Kafka wiped, all services republished")


async def bad_day(seed: int, work: Path) -> tuple[BadDay, books.Books, Counter[str], Counter[str]]:
    centre = SmsCentre()
    with PostgresServer(durable=True) as postgres, KafkaBroker() as kafka, SmtpServer() as mails:
        async with serving(centre) as sms:
            day = BadDay(seed, work, postgres, kafka, mails, sms)
            day.fleet.start()
            try:
                found = await played(seed, day.env, day.fleet, day.prepare)
            finally:
                day.fleet.stop()
        return day, found, mails.message_ids(), centre.texts


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_books_after_two_dozen_kills_a_killed_database_and_a_wiped_broker_are_those_of_a_good_day(
    tmp_path: Path, seed: int
) -> None:
    began = time.monotonic()
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    # both days at once: the good one has a single process, and there are two cores or more
    async with asyncio.TaskGroup() as group:
        good = group.create_task(good_day(seed, tmp_path / "good"))
        bad = group.create_task(bad_day(seed, tmp_path / "bad"))
    day, found, arrived, texted = bad.result()
    assert day.done == {"PostgreSQL killed and started", "Kafka wiped, all services republished"}
    ordered = orders(seed)
    kills = [order for order in day.fleet.obeyed if order.fault == KILL]
    assert len(kills) + len(day.fleet.outright) == KILLS
    assert books.differences(good.result(), found) == ""
    # corrections are by reversal here, and nothing stops a dunning case
    assert {title for title, rows in found.items() if not rows} <= {
        "waiting",
        "unaddressed",
        "differences",
        "dunning holds",
    }
    delivered = Counter(channel for channel in CHANNELS for row in found["notices"] if _is_told(row, channel))
    assert len(arrived) == delivered["email"], "every cause arrives, under a Message-ID of its own"
    assert len(texted) == delivered["sms"] > 0, "every text is handed over, once"
    assert set(texted.values()) == {1}, "one that was in doubt is asked for before it is handed over again"
    assert len(found["calls"]) == delivered["landline"] > 0, "each person is called once of each notice"
    doubts = sum(order.service == "notify" for order in ordered) * SENDERS
    assert sum(arrived.values()) - len(arrived) <= doubts, "a mail comes again only where a fault left it in doubt"
    tell(seed, day.fleet, time.monotonic() - began)


def _is_told(row: str, channel: str) -> bool:
    """Return whether a notice arrived over a channel; a text on which a right depends may wait for its receipt still."""
    states = ("delivered", "sent") if channel == "sms" else ("delivered",)
    return f"channel={channel}" in row and any(f"state={state}" in row for state in states)


def tell(seed: int, fleet: Fleet, seconds: float) -> None:
    """Tell what a seed did, for who sums up many; books that differ have failed by now."""
    if file := os.environ.get(effort.TOLD_NAME):
        at = Counter(f"{order.service} {order.point}" for order in fleet.obeyed if order.fault == KILL)
        errors = sum(order.fault != KILL for order in fleet.obeyed)
        told = {"seed": seed, "at": at, "outright": len(fleet.outright), "errors": errors, "seconds": round(seconds)}
        with Path(file).open("a") as out:
            out.write(json.dumps(told) + "\n")
