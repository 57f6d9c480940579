"""A consumer and a broker that is away for longer than the group's session, or comes back with nothing."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from shared.bus.kafka import SESSION_MILLISECONDS, KafkaEventLog
from shared.bus.ports import EventLogUnavailable, Record
from shared.bus.relay import Relay
from shared.bus.watch import Watch
from shared.db.engine import Database
from shared.events import envelope
from shared.metrics import Metrics
from shared.testing.servers import KafkaBroker
from tests.kits import tiny
from tests.kits.logs import shown

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
TOPIC = "wattline.collection"
BACK_SECONDS_MAX = 60
LINES_MAX = 60  # two dozen kinds of lines, each once a minute; without sparing they are 60 a second


def sent(n: int) -> Record:
    (event,) = envelope.pack([tiny.payment("k", n)])
    headers = envelope.headers(
        event_id=f"event-{n}",
        event_type="collection.payment_received.v1",
        time="",
        position=n,
        partition=event.partition,
        traceparent="",
    )
    return Record(TOPIC, event.partition, event.payload.encode(), headers)


async def tell(log: KafkaEventLog, numbers: "asyncio.Queue[int]") -> None:
    """Send fact after fact, each until the log has it."""
    n = 0
    while True:
        n += 1
        while True:
            try:
                await log.send([sent(n)])
                break
            except EventLogUnavailable:
                await asyncio.sleep(0.2)
        numbers.put_nowait(n)
        await asyncio.sleep(0.02)


async def written(database: Database) -> int:
    async with database.view() as view:
        return int(await view.scalar(select(func.coalesce(func.max(tiny.ENTRY.c.n), 0))))


async def until(database: Database, n: int, consuming: "asyncio.Task[None]") -> None:
    for _ in range(10 * BACK_SECONDS_MAX):
        if await written(database) >= n:
            return
        assert not consuming.done(), consuming
        await asyncio.sleep(0.1)
    raise AssertionError(f"fact {n} did not come")


async def test_a_consumer_comes_back_from_an_outage_in_the_middle_of_its_work_and_the_log_is_spared(
    tmp_path: Path,
) -> None:
    database = await tiny.create(f"sqlite+aiosqlite:///{tmp_path / 'book.db'}")
    with KafkaBroker() as broker:
        log = KafkaEventLog(broker.bootstrap, instance="0")
        await log.create_topics([TOPIC])
        numbers: asyncio.Queue[int] = asyncio.Queue()
        consuming = asyncio.create_task(tiny.Book().consumer(database, log).run())
        others = [
            asyncio.create_task(tell(log, numbers)),
            asyncio.create_task(Relay("book", database, log).run()),
            asyncio.create_task(Watch(log, Metrics(), seconds=0.2).run()),
        ]
        try:
            await until(database, 1, consuming)
            with shown() as lines:
                await asyncio.to_thread(broker.kill)
                async with database.begin() as tx:
                    await tiny.count_up(tx, ["k"])
                await asyncio.sleep(1.2 * SESSION_MILLISECONDS / 1000)
                while not numbers.empty():
                    numbers.get_nowait()
                await asyncio.to_thread(broker.start)
                await until(database, await numbers.get(), consuming)
            told = lines()
        finally:
            for task in (consuming, *others):
                task.cancel()
            await asyncio.gather(consuming, *others, return_exceptions=True)
            await log.stop()
            await database.close()
    assert len(told) <= LINES_MAX, told
    assert {f"shared.bus.watch: the event log {what}" for what in ("does not answer", "is back")} <= set(told)


async def test_a_reader_killed_before_a_wiped_broker_has_its_topics_again_reads_them_when_it_comes_back() -> None:
    with KafkaBroker() as broker:
        log = KafkaEventLog(broker.bootstrap, instance="0")
        await log.create_topics([TOPIC])
        first = log.subscribe("book", [TOPIC])
        await first.start()
        await asyncio.to_thread(broker.wipe)
        await asyncio.to_thread(broker.start)
        for _ in range(BACK_SECONDS_MAX):
            if not first.assigned():
                break
            with contextlib.suppress(EventLogUnavailable):
                await first.poll(records_max=1, timeout_seconds=1)
        assert not first.assigned()
        await first.stop()  # says no goodbye to the group, as a kill does not
        await log.create_topics([TOPIC])
        await log.send([sent(1)])
        again = log.subscribe("book", [TOPIC])
        await again.start()
        records = []
        for _ in range(BACK_SECONDS_MAX):
            records += await again.poll(records_max=10, timeout_seconds=1)
            if records:
                break
        await again.stop()
        await log.stop()
        assert len(records) == 1


async def test_on_an_idle_night_a_broker_that_is_away_is_noticed_and_its_return_too() -> None:
    metrics = Metrics()
    with KafkaBroker() as broker:
        log = KafkaEventLog(broker.bootstrap, instance="0")
        watch = Watch(log, metrics, seconds=0.2)
        watching = asyncio.create_task(watch.run())

        async def turns(up: bool) -> None:
            async with asyncio.timeout(BACK_SECONDS_MAX):
                while watch.up is not up:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert f"wattline_event_log_up {float(up)}" in metrics.exposition().decode()

        await turns(True)
        await asyncio.to_thread(broker.kill)
        await turns(False)
        await asyncio.to_thread(broker.start)
        await turns(True)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
