"""Two dozen kills, a lost database server and a wiped broker on the way through two months: the books are those of a good day.

The bad day is had on Apache Kafka and durable PostgreSQL with a process for each service. The good day is the same district
over the product's defaults, one process on SQLite and the embedded log: the books depend on neither.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.command import reconcile
from services.demo import play
from services.demo.district import District
from services.demo.stories import MONTHS
from shared.settings import SERVICES, Settings
from shared.testing.faults import AFTER_SEND, BEFORE_COMMIT, BEFORE_OFFSET, BEFORE_SEND, POINTS
from shared.testing.servers import KafkaBroker, PostgresServer
from shared.testing.smtp import SmtpServer
from tests.e2e.fleet import LOOK_SECONDS, Fleet, Order, environment, wattline
from tests.kits import books, line

pytestmark = [pytest.mark.postgres, pytest.mark.kafka, pytest.mark.timeout(900)]

SEED = 20260301
ACCOUNTS = 2000
KILLS = 24
READY_SECONDS_MAX = 120
ORDERS_SECONDS_MAX = 120
CYCLES = (play.BEFORE.cycle, *(month.cycle for month in MONTHS))
SENDING = (BEFORE_COMMIT, BEFORE_SEND, AFTER_SEND)

# where each service passes which crash points, and up to the how-manieth passing an order may wait there
STEPS: dict[tuple[str, str], dict[str, int]] = {
    **{("reading", point): {"push-1": 2, "push-2": 2, "late": 4} for point in SENDING},
    ("reading", BEFORE_OFFSET): {"live-1": 1},
    **{("billing", point): {"live-1": 2, "close-1": 1, "close-2": 1, "late": 4} for point in SENDING},
    ("billing", BEFORE_OFFSET): {"push-1": 1, "push-2": 1, "late": 1},
    **{("collection", point): {"pay-1": 20, "pay-2": 20, "late": 2} for point in SENDING},
    ("collection", BEFORE_OFFSET): {"live-1": 1, "close-1": 1, "close-2": 1},
    **{("notify", point): {"close-1": 20, "close-2": 20} for point in SENDING},
    ("notify", BEFORE_OFFSET): {"live-1": 1, "close-1": 1, "close-2": 1},
}
STEP_ORDER = ("live-1", "push-1", "close-1", "pay-1", "push-2", "close-2", "pay-2", "late")


def orders(seed: int) -> list[Order]:
    """Return the kills of a seed, in the order of the steps: each service at each point once, and a few more."""
    chosen = random.Random(seed)
    pairs = list(STEPS)
    pairs += chosen.sample(pairs, KILLS - len(pairs))
    made = []
    for service, point in pairs:
        step = chosen.choice(sorted(STEPS[service, point]))
        made.append(Order(step, service, point, chosen.randint(1, STEPS[service, point][step])))
    # what was heard may be all there is to hear in a step, so that comes first; then in the order of the event flow:
    # what crashed at one point passes the next one again
    return sorted(made, key=lambda o: (STEP_ORDER.index(o.step), o.point != BEFORE_OFFSET, POINTS.index(o.point)))


def settings_of_mail(work: Path, mails: SmtpServer, *, senders: int) -> dict[str, str]:
    """Mail to our own server, and settle soon what is in doubt; a kill leaves one notice in doubt per sender."""
    return {
        "smtp_port": str(mails.port),
        "smtp_timeout_seconds": "4",
        "notice_lease_seconds": "17",
        "notice_senders": str(senders),
        "notify_policy": str(line.impatient_notify_policy(work)),
    }


def settings_from(env: dict[str, str]) -> Settings:
    return Settings.load({name: value for name, value in env.items() if name.startswith("WATTLINE_")})


async def played(
    env: dict[str, str], fleet: Fleet, prepare: Callable[[line.Driver], line.Step]
) -> tuple[line.Driver, books.Books]:
    """Play both months on running services, and return the driver and the books."""
    settings = settings_from(env)
    driver = line.Driver(District(ACCOUNTS, seed=SEED), settings)
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
    return driver, await books.dump({name: settings.database_url_of(name) for name in SERVICES})


async def wait_until_ready(driver: line.Driver) -> None:
    async with asyncio.timeout(READY_SECONDS_MAX):
        for name in SERVICES:
            await driver.call("auditor-1", "GET", name, "/health/ready")


def a_good_day(driver: line.Driver) -> line.Step:
    return line.no_faults


async def good_day(work: Path) -> books.Books:
    with SmtpServer() as mails:
        env = environment(work, **settings_of_mail(work, mails, senders=4))
        fleet = Fleet(work, env)
        fleet.start_together()
        try:
            _, found = await played(env, fleet, a_good_day)
        finally:
            fleet.stop()
        assert set(mails.message_ids().values()) == {1}
    return found


def of_a_letter(row: str) -> str:
    """There is no gateway for letters, so each of them fails. One whose sender was killed stays `unknown`, by design:
    once a notice was in doubt, no refusal proves that nothing arrived."""
    return row.replace("state=unknown", "state=failed") if "channel=letter" in row else row


class BadDay:
    """The servers of a bad day, and what is done to them while it lasts."""

    def __init__(self, work: Path, postgres: PostgresServer, kafka: KafkaBroker, mails: SmtpServer) -> None:
        self.postgres, self.kafka = postgres, kafka
        self.done: list[str] = []
        urls = {name: postgres.create_database(f"wattline_{name}") for name in SERVICES}
        self.env = environment(
            work,
            database_url=urls["reading"].replace("wattline_reading", "wattline_{service}"),
            event_log=f"kafka://{kafka.bootstrap}",
            **settings_of_mail(work, mails, senders=3),
        )
        for command in (("migrate",), ("topics", "create")):
            self.run(*command)
        self.fleet = Fleet(work, self.env, orders(SEED))

    def run(self, *command: str) -> None:
        done = wattline(self.env, *command)
        assert done.returncode == 0, done.stderr

    def prepare(self, driver: line.Driver) -> line.Step:
        at_call: dict[int, Callable[[], Awaitable[None]]] = {}

        async def on_call(number: int) -> None:
            if fault := at_call.pop(number, None):
                await fault()

        async def before(step: str) -> None:
            await self.orders_carried_out()
            self.fleet.begin(step)
            if step == "pay-1":
                at_call[driver.calls + 100] = self.kill_postgres
            if step == "push-2":
                at_call[driver.calls + 8] = self.wipe_kafka

        driver.on_call = on_call
        return before

    async def orders_carried_out(self) -> None:
        deadline = time.monotonic() + ORDERS_SECONDS_MAX
        while left := self.fleet.left:
            assert time.monotonic() < deadline, f"not carried out: {left}"
            await asyncio.sleep(LOOK_SECONDS)

    async def kill_postgres(self) -> None:
        self.postgres.kill()
        self.postgres.start()  # from the main thread: the server ends with the thread that started it
        self.done.append("PostgreSQL killed and started")

    async def wipe_kafka(self) -> None:
        await asyncio.to_thread(self.kafka.wipe)
        await asyncio.to_thread(self.kafka.start)
        await asyncio.to_thread(self.run, "topics", "create")
        for name in SERVICES:
            await asyncio.to_thread(self.run, "republish", name, "--from", "2020-01-01T00:00:00+00:00")
        self.done.append("Kafka wiped, all services republished")


async def bad_day(work: Path) -> tuple[BadDay, books.Books, Counter[str]]:
    with PostgresServer(durable=True) as postgres, KafkaBroker() as kafka, SmtpServer() as mails:
        day = BadDay(work, postgres, kafka, mails)
        day.fleet.start()
        try:
            _, found = await played(day.env, day.fleet, day.prepare)
        finally:
            day.fleet.stop()
        return day, found, mails.message_ids()


async def test_the_books_after_two_dozen_kills_a_killed_database_and_a_wiped_broker_are_those_of_a_good_day(
    tmp_path: Path,
) -> None:
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
    # both days at once: the good one has a single process, and there are two cores or more
    async with asyncio.TaskGroup() as group:
        good = group.create_task(good_day(tmp_path / "good"))
        bad = group.create_task(bad_day(tmp_path / "bad"))
    day, found, arrived = bad.result()
    assert day.done == ["PostgreSQL killed and started", "Kafka wiped, all services republished"]
    assert len(day.fleet.kills) == KILLS
    assert {(order.service, order.point) for order in day.fleet.kills} == {(s, p) for s in SERVICES for p in POINTS}
    found["notices"] = sorted(map(of_a_letter, found["notices"]))
    assert books.differences(good.result(), found) == ""
    # corrections are by reversal here
    assert {title for title, rows in found.items() if not rows} <= {"waiting", "unaddressed", "differences"}
    delivered = sum("state=delivered" in row for row in found["notices"])
    assert len(arrived) == delivered, "every cause arrives, under a Message-ID of its own"
    assert sum(arrived.values()) - len(arrived) <= KILLS, "a mail comes again only where a kill left it in doubt"
