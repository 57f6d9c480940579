"""Nothing that stands in a record may do more than become a dead letter: drawn records, on both logs and both databases."""

import asyncio
import json
import random
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.record.util import calc_crc32c
from sqlalchemy import select

from shared.bus import dead_letters
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.kafka import KafkaEventLog
from shared.bus.ports import EventLog, Record
from shared.db.engine import Database
from shared.events import catalogue, envelope
from tests.kits import tiny
from tests.kits.effort import walks
from tests.kits.tiny import payment

SECONDS_MAX = 60
STRANGE, GOOD = 60, 42  # records of a round
TOPIC = catalogue.topic_of("collection")
TYPE = "collection.payment_received.v1"
CRC_AT, ATTRIBUTES_AT, RECORDS_AT = 17, 21, 61  # in a record batch of format 2
SNAPPY = 2


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)])
async def event_log(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EventLog]:
    log: EventLog
    if request.param == "embedded":
        log = EmbeddedEventLog(tmp_path / "events.db")
    else:
        # a topic and a group of its own on the broker that all tests share
        own = f"test-{uuid4().hex}"
        monkeypatch.setattr(catalogue, "topic_of", lambda service: f"{own}.{service}")
        log = KafkaEventLog(request.getfixturevalue("kafka_bootstrap"), instance=uuid4().hex)
    await log.start()
    await log.create_topics([catalogue.topic_of("collection")])
    yield log
    await log.stop()


def told(*texts: str) -> tuple[tuple[str, bytes | None], ...]:
    return tuple(zip(texts[::2], (text.encode() for text in texts[1::2]), strict=True))


def good(key: str, n: int) -> Record:
    headers = envelope.headers(
        event_id=f"{key}-{n}",
        event_type=TYPE,
        time="2026-01-01T00:00:00+00:00",
        position=n,
        partition=0,
        traceparent="",
    )
    body = f'{{"items":[{payment(key, n).model_dump_json(by_alias=True)}]}}'
    return Record(catalogue.topic_of("collection"), n % catalogue.PARTITIONS, body.encode(), headers)


class Strange:
    """Draws records that nobody of this product has written."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def record(self) -> Record:
        headers: dict[str, bytes | None] = dict(good("k", 1).headers) | {"ce_id": uuid4().hex.encode()}
        for name in self.random.sample(sorted(headers), self.random.randint(0, 3)):
            headers[name] = self.header()
        if self.random.random() < 0.1:
            headers = {}
        if self.random.random() < 0.2:
            headers[self.random.choice(["ключ", "", "x" * 5000])] = self.header()
        return Record(
            catalogue.topic_of("collection"),
            self.random.randrange(catalogue.PARTITIONS),
            self.value(),
            tuple(headers.items()),
        )

    def header(self) -> bytes | None:
        return self.random.choice(
            (
                None,
                b"",
                b"\xff\xfe",
                b"\0",
                b"a" * 70_000,
                b"2026-01-01",  # a time without a zone
                b"0001-01-01T00:00:00+00:00",
                b"9999-12-31T23:59:59-12:00",
                b"collection.payment_received.v2 ",
                b"billing.account_changed.v1",  # published elsewhere
                "\N{FULLWIDTH DIGIT ONE}".encode(),
                self.random.randbytes(20),
            )
        )

    def value(self) -> bytes:
        item = payment("k", 1).model_dump(mode="json", by_alias=True)
        item[self.random.choice(sorted(item))] = self.random.choice(
            [None, "", "\0", "\ud800", -1, 10**400, 1.5e300, [], {}, True, "0001-01-01", "x" * 70_000, "\x7f"]
        )
        return self.random.choice(
            (
                b"",
                b"null",
                b"[]",
                b'{"items": {}}',
                b'{"items": [null, 1, [], "a"]}',
                b'{"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
                b'{"items": [' + b"{}," * 5000 + b"{}]}",
                b'{"items": [' + b"9" * 10_000 + b"]}",
                b"\xff" * 900_000,
                self.random.randbytes(200),
                json.dumps({"items": [item]}).encode(),
                json.dumps({"items": [item] * 3, "more": "\0"}).encode(),
            )
        )


async def states(database: Database) -> list[tuple[str, str, str]]:
    async with database.view() as view:
        rows = await dead_letters.list_page(view, "book", limit=100_000)
    return [(row["state"], row["error"], row["type"]) for row in rows]


async def done(
    database: Database,
    wanted: dict[str, list[int]],
    book: tiny.Book,
    event_log: EventLog,
    is_told: Callable[[Sequence[Any]], bool] = lambda letters: True,
) -> None:
    """Run the consumer until the good facts are done, and what is set aside is told; it never fails on the way."""
    consumer = book.consumer(database, event_log, dead_letters_max=100_000)
    task = asyncio.create_task(consumer.run())
    deadline = time.monotonic() + SECONDS_MAX
    try:
        while True:
            async with database.view() as view:
                found = {key: sorted(ns) for key, ns in (await tiny.entries(view)).items() if key.startswith("good")}
            if found == wanted and is_told(await states(database)):
                return
            assert not task.done(), task
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.05)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@walks(1, 2, 3)
async def test_whatever_stands_in_a_record_the_facts_beside_it_are_done(
    database: Database, event_log: EventLog, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    strange = Strange(seed)
    records = [strange.record() for _ in range(STRANGE)] + [good(f"good{n % 7}", n) for n in range(GOOD)]
    strange.random.shuffle(records)
    for record in records:  # one by one: a large value may not fit beside others
        await event_log.send([record])
    wanted: dict[str, list[int]] = {}
    for n in range(GOOD):
        wanted.setdefault(f"good{n % 7}", []).append(n)

    def lines() -> int:
        return sum(record.getMessage() == "a fact was set aside" for record in caplog.records)

    # the lines come after the commit
    await done(database, wanted, tiny.Book(), event_log, lambda letters: lines() >= len(letters))
    letters = await states(database)
    assert letters, "some of them are not what they say"
    assert lines() == len(letters), "one line for each"
    assert not any(record.exc_info for record in caplog.records), "nothing met what nobody thought of"


async def test_a_type_that_is_null_is_no_text_or_another_s_is_set_aside_and_a_later_version_is_passed_over(
    database: Database, event_log: EventLog
) -> None:
    of: dict[str, bytes | None] = {
        "null": None,
        "bytes": b"\xff",
        "empty": b"",
        "nonsense": b"payment",
        "other's": b"reading.usage_measured.v1",
        "later": b"collection.payment_received.v2",
    }
    body = good("k", 1)
    for name, kind in of.items():
        headers = dict(body.headers) | {"ce_type": kind, "ce_id": name.encode()}
        await event_log.send([Record(body.topic, 0, body.value, tuple(headers.items()))])
    await event_log.send([good("good", 12)])
    await done(database, {"good": [12]}, tiny.Book(), event_log)
    async with database.view() as view:
        rows = await dead_letters.list_page(view, "book", limit=10)
        written = await view.all(select(tiny.ENTRY.c.key))
    assert [(row["event_id"], row["error"]) for row in rows] == [
        ("null", "unknown_type"),
        ("bytes", "unknown_type"),
        ("empty", "unknown_type"),
        ("nonsense", "unknown_type"),
        ("other's", "wrong_topic"),
    ]
    assert [row.key for row in written] == ["good"]


def _damaged(batch: bytearray) -> bytearray:
    """Make the name of a header no UTF-8."""
    at = batch.index(b"BADNAME")
    batch[at : at + 7] = b"\xff\xfe\xffNAME"
    return batch


def _snappy(batch: bytearray) -> bytearray:
    """Compress the records of a batch as a Java client would with snappy, literals alone, in the framing of its library."""
    records = bytes(batch[RECORDS_AT:])
    size, literals = len(records), bytearray()
    while size:
        literals.append((size & 0x7F) | (0x80 if size > 0x7F else 0))
        size >>= 7
    for start in range(0, len(records), 60):
        part = records[start : start + 60]
        literals.append((len(part) - 1) << 2)
        literals += part
    body = b"\x82SNAPPY\0" + struct.pack(">iii", 1, 1, len(literals)) + literals
    compressed = batch[:RECORDS_AT] + body
    struct.pack_into(">i", compressed, 8, len(compressed) - 12)
    struct.pack_into(">h", compressed, ATTRIBUTES_AT, SNAPPY)
    return compressed


@pytest.mark.kafka
async def test_what_the_client_itself_cannot_read_is_stepped_over_and_listed(
    database: Database, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = f"test-{uuid4().hex}.collection"
    monkeypatch.setattr(catalogue, "topic_of", lambda service: own)
    event_log = KafkaEventLog(kafka_bootstrap, instance=uuid4().hex)
    await event_log.create_topics([own])
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    try:
        for n, change in enumerate((None, _damaged, None, _snappy, None)):
            if change is None:
                await event_log.send([good("good", n * 12 + 12 * k) for k in (0, 100)])
                continue
            builder = producer.create_batch()
            builder.append(key=None, value=b"{}", timestamp=None, headers=[("BADNAME", b"x")])
            builder.close()
            batch = change(bytearray(builder._build()))
            struct.pack_into(">I", batch, CRC_AT, calc_crc32c(batch[ATTRIBUTES_AT:]))
            builder._buffer = batch
            await (await producer.send_batch(builder, own, partition=0))
    finally:
        await producer.stop()
    await done(database, {"good": [0, 24, 48, 1200, 1224, 1248]}, tiny.Book(), event_log)
    await event_log.stop()
    assert sorted(error for _, error, _ in await states(database)) == [
        "unreadable_UnicodeDecodeError",
        "unreadable_UnsupportedCodecError",
    ]
