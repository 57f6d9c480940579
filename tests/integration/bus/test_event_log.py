"""One suite over both event logs: what a service may rely on, whichever of them carries its facts."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from shared.bus.embedded import EmbeddedEventLog
from shared.bus.kafka import KafkaEventLog
from shared.bus.ports import EventLog, EventLogUnavailable, Record, StoredRecord, Subscription
from shared.testing.servers import free_port

_names = count()


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def event_log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EventLog]:
    log: EventLog
    if request.param == "embedded":
        log = EmbeddedEventLog(tmp_path / "events.db")
    else:
        log = KafkaEventLog(request.getfixturevalue("kafka_bootstrap"), instance="0")
    await log.start()
    yield log
    await log.stop()


@pytest.fixture
async def topic(event_log: EventLog) -> str:
    name = f"wattline.test-{uuid4().hex}"
    await event_log.create_topics([name])
    return name


def group() -> str:
    return f"group-{next(_names)}-{uuid4().hex}"


def record(topic: str, partition: int, text: str) -> Record:
    return Record(topic, partition, text.encode(), (("ce_type", b"test.v1"), ("ce_id", text.encode())))


async def read(subscription: Subscription, wanted: int) -> list[StoredRecord]:
    records: list[StoredRecord] = []
    for _ in range(60):
        records += await subscription.poll(records_max=2000, timeout_seconds=1)
        if len(records) >= wanted:
            break
    return records


async def test_records_of_one_partition_come_in_the_order_in_which_they_were_sent(
    event_log: EventLog, topic: str
) -> None:
    await event_log.send([record(topic, n % 3, f"{n:04}") for n in range(300)])
    await event_log.send([record(topic, n % 3, f"{n:04}") for n in range(300, 600)])
    subscription = event_log.subscribe(group(), [topic])
    await subscription.start()
    records = await read(subscription, 600)
    await subscription.stop()
    for partition in range(3):
        values = [r.value.decode() for r in records if r.partition == partition]
        assert values == [f"{n:04}" for n in range(600) if n % 3 == partition]


async def test_headers_and_bytes_arrive_unchanged(event_log: EventLog, topic: str) -> None:
    text = "户号 " + "x" * 250_000
    await event_log.send([record(topic, 5, text)])
    subscription = event_log.subscribe(group(), [topic])
    await subscription.start()
    (stored,) = await read(subscription, 1)
    await subscription.stop()
    assert stored.value.decode() == text
    assert stored.headers["ce_type"] == b"test.v1"
    assert (stored.topic, stored.partition, stored.offset) == (topic, 5, 0)


async def test_a_group_goes_on_where_it_committed_and_sees_the_rest_again(event_log: EventLog, topic: str) -> None:
    name = group()
    await event_log.send([record(topic, 0, str(n)) for n in range(10)])
    first = event_log.subscribe(name, [topic])
    await first.start()
    assert len(await read(first, 10)) == 10
    assert await first.commit({(topic, 0): 4})
    await first.stop()
    second = event_log.subscribe(name, [topic])
    await second.start()
    again = await read(second, 6)
    await second.stop()
    assert [r.offset for r in again] == [4, 5, 6, 7, 8, 9]


async def test_a_seek_brings_back_what_was_polled_even_when_nothing_was_committed(
    event_log: EventLog, topic: str
) -> None:
    await event_log.send([record(topic, 2, str(n)) for n in range(5)])
    subscription = event_log.subscribe(group(), [topic])
    await subscription.start()
    assert len(await read(subscription, 5)) == 5
    subscription.seek({(topic, 2): 3})
    again = await read(subscription, 2)
    await subscription.stop()
    assert [r.offset for r in again] == [3, 4]


async def test_groups_do_not_take_records_from_each_other(event_log: EventLog, topic: str) -> None:
    await event_log.send([record(topic, 0, "a"), record(topic, 1, "b")])
    for _ in range(2):
        subscription = event_log.subscribe(group(), [topic])
        await subscription.start()
        assert {r.value for r in await read(subscription, 2)} == {b"a", b"b"}
        await subscription.stop()


async def test_a_lone_reader_owns_every_partition(event_log: EventLog, topic: str) -> None:
    subscription = event_log.subscribe(group(), [topic])
    await subscription.start()
    await subscription.poll(records_max=1, timeout_seconds=5)
    assert subscription.assigned() == {(topic, n) for n in range(12)}
    await subscription.stop()


async def test_a_poll_returns_no_more_than_it_was_asked_for_and_loses_nothing(event_log: EventLog, topic: str) -> None:
    await event_log.send([record(topic, n % 12, str(n)) for n in range(100)])
    subscription = event_log.subscribe(group(), [topic])
    await subscription.start()
    seen: list[str] = []
    for _ in range(100):
        records = await subscription.poll(records_max=7, timeout_seconds=1)
        assert len(records) <= 7
        seen += [r.value.decode() for r in records]
        if len(seen) >= 100:
            break
    await subscription.stop()
    assert sorted(seen, key=int) == [str(n) for n in range(100)]


async def test_a_broker_that_is_away_is_told_as_unavailable() -> None:
    log = KafkaEventLog(f"127.0.0.1:{free_port()}", instance="0")
    with pytest.raises(EventLogUnavailable):
        await log.send([record("wattline.test", 0, "x")])
    with pytest.raises(EventLogUnavailable):
        await log.create_topics()
    with pytest.raises(EventLogUnavailable):
        await log.subscribe("g", ["wattline.test"]).start()
    await log.stop()


async def test_an_embedded_log_on_a_full_disk_refuses_keeps_what_it_took_and_goes_on_once_there_is_room(
    tmp_path: Path,
) -> None:
    log = EmbeddedEventLog(tmp_path / "events.db")
    await log.start()

    async def room(pages: int) -> None:
        await log.run(lambda: log.connection.execute(f"PRAGMA max_page_count = {pages}"))

    topic, taken, refused = "wattline.test", 0, 0
    await room(40)
    while refused < 3:
        try:
            await log.send([record(topic, 0, f"{taken:04}" + "x" * 4000)])
            taken += 1
        except EventLogUnavailable:
            refused += 1
    subscription = log.subscribe(group(), [topic])
    await subscription.start()
    for _ in range(2):  # offsets of as many partitions as no page has room for
        with pytest.raises(EventLogUnavailable):
            await subscription.commit({("t" * 1000 + str(n), 0): 1 for n in range(200)})
    await room(10_000)
    await log.send([record(topic, 0, f"{taken:04}")])
    assert await subscription.commit({(topic, 0): 1})
    records = await read(subscription, taken + 1)
    assert [int(r.value[:4]) for r in records] == list(range(taken + 1))
    await log.stop()
