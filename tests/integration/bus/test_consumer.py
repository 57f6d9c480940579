"""The consumer on both databases: what fails is set aside with its key and nothing else, and what is done is done once."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from itertools import count

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from shared import ids
from shared.bus import dead_letters
from shared.bus.consumer import Consumer
from shared.bus.ports import EventLog, Record, StoredRecord
from shared.db.engine import Database, Tx
from shared.events import catalogue, envelope
from shared.events.billing import AccountChanged
from shared.events.collection import PaymentReceived, ReceivableCleared
from shared.events.fact import Fact
from shared.metrics import Metrics
from tests.kits import tiny
from tests.kits.tiny import cleared, payment

WAIT_SECONDS_MAX = 60
_offsets = count()


class Book(tiny.Book):
    """A book that hears of accounts too, which come on another topic."""

    async def accounts(self, tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await self._write(tx, [(f.account_no, f.version) for f in facts], "account")

    def consumer(
        self,
        database: Database,
        event_log: EventLog,
        *,
        dead_letters_max: int = tiny.DEAD_LETTERS_MAX,
        metrics: Metrics | None = None,
    ) -> Consumer:
        handlers = {
            AccountChanged: self.accounts,
            PaymentReceived: self.payments,
            ReceivableCleared: self.clearings,
        }
        return Consumer(
            "book",
            database,
            event_log,
            handlers,
            facts_max=tiny.FACTS_MAX,
            dead_letters_max=dead_letters_max,
            metrics=metrics,
        )


def account(key: str, version: int) -> AccountChanged:
    return AccountChanged(
        account_no=key,
        org_unit="x",
        version=version,
        opened_on=date(2026, 1, 1),
        customer_class="residential",
        contracts=[],
    )


def event(*facts: Fact, value: bytes = b"") -> StoredRecord:
    """Return an event of facts of one type as the log holds it, or one with another value."""
    kind = type(facts[0])
    value = value or f'{{"items":[{",".join(f.model_dump_json(by_alias=True) for f in facts)}]}}'.encode()
    headers = envelope.headers(
        event_id=ids.new(), event_type=kind.type, time="", position=1, partition=0, traceparent=""
    )
    return StoredRecord(catalogue.topic_for(kind), 0, next(_offsets), value, dict(headers))


def as_sent(stored: StoredRecord) -> Record:
    return Record(stored.topic, stored.partition, stored.value, tuple(stored.headers.items()))


async def written(database: Database) -> list[tuple[str, str, int]]:
    """Return (key, kind, number) in the order of writing."""
    async with database.view() as view:
        rows = await view.all(select(tiny.ENTRY).order_by(tiny.ENTRY.c.id))
    return [(row.key, row.kind, row.n) for row in rows]


async def of_key(database: Database, key: str) -> list[tuple[str, int]]:
    return [(kind, n) for k, kind, n in await written(database) if k == key]


async def set_aside(database: Database) -> list[tuple[str, str]]:
    """Return (key, state) of the dead letters in order."""
    async with database.view() as view:
        return [(row["key"], row["state"]) for row in await dead_letters.list_page(view, "book", limit=500)]


async def parked_keys(database: Database) -> int:
    async with database.view() as view:
        return await dead_letters.count_parked(view, "book")


@asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[None]:
    task = asyncio.create_task(consumer.run())
    try:
        yield
    finally:
        task.cancel()
        results = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError), results


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not await reached():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def replay(consumer: Consumer, database: Database) -> None:
    """Mark all letters ready and wait until the consumer has taken them up."""
    async with database.begin() as tx:
        await dead_letters.replay(tx, "book")

    async def none_is_ready() -> bool:
        return all(state != "ready" for _, state in await set_aside(database))

    async with running(consumer):
        await until(none_is_ready)


async def test_a_fact_that_fails_is_found_and_set_aside_while_other_keys_go_on(
    database: Database, event_log: EventLog
) -> None:
    book = Book()
    book.poison = {("k3", 1)}
    keys = [f"k{n}" for n in range(10)]
    await book.consumer(database, event_log).process(
        [event(*(payment(key, 1) for key in keys)), event(*(payment(key, 2) for key in keys))]
    )
    assert sorted(await written(database)) == sorted((k, "payment", n) for k in keys if k != "k3" for n in (1, 2))
    assert await set_aside(database) == [("k3", "poison"), ("k3", "parked")]


async def test_the_key_of_a_poison_fact_is_parked_over_all_topics_for_later_batches(
    database: Database, event_log: EventLog
) -> None:
    book = Book()
    book.poison = {("k1", 1)}
    consumer = book.consumer(database, event_log)
    await consumer.process([event(payment("k1", 1), payment("k2", 1))])
    await consumer.process([event(account("k1", 7), account("k2", 7))])
    await consumer.process([event(cleared("k1", 2), cleared("k2", 2))])
    assert await of_key(database, "k1") == []
    assert await of_key(database, "k2") == [("payment", 1), ("account", 7), ("cleared", 2)]
    assert await set_aside(database) == [("k1", "poison"), ("k1", "parked"), ("k1", "parked")]


async def test_replay_of_a_cured_fact_does_it_and_what_waited_behind_it_in_order_and_removes_the_mark(
    database: Database, event_log: EventLog
) -> None:
    book = Book()
    book.poison = {("k1", 1)}
    consumer = book.consumer(database, event_log)
    await consumer.process([event(payment("k1", 1))])
    await consumer.process([event(cleared("k1", 2))])
    await consumer.process([event(account("k1", 3)), event(payment("k1", 4))])
    book.poison = set()
    await replay(consumer, database)
    assert await of_key(database, "k1") == [("payment", 1), ("cleared", 2), ("account", 3), ("payment", 4)]
    assert await set_aside(database) == []
    assert await parked_keys(database) == 0
    await consumer.process([event(payment("k1", 5))])
    assert (await of_key(database, "k1"))[-1] == ("payment", 5)


async def test_replay_of_a_fact_that_still_fails_sets_it_aside_again_with_what_waits_behind_it(
    database: Database, event_log: EventLog
) -> None:
    book = Book()
    book.poison = {("k1", 1)}
    consumer = book.consumer(database, event_log)
    await consumer.process([event(payment("k1", 1)), event(payment("k1", 2))])
    await replay(consumer, database)
    assert await of_key(database, "k1") == []
    assert await set_aside(database) == [("k1", "poison"), ("k1", "parked")]
    assert await parked_keys(database) == 1


@pytest.mark.parametrize("value", [b"\xff\xfe", b"{}", b'{"items": 1}', b'{"items": "ab"}', b'{"items": [1'])
async def test_an_event_that_cannot_be_read_is_set_aside_as_a_whole_and_the_others_go_on(
    database: Database, event_log: EventLog, value: bytes
) -> None:
    await (
        Book()
        .consumer(database, event_log)
        .process([event(payment("k1", 1)), event(payment("k1", 2), value=value), event(payment("k2", 3))])
    )
    assert await written(database) == [("k1", "payment", 1), ("k2", "payment", 3)]
    assert await set_aside(database) == [("", "poison")]


async def test_of_an_event_with_one_bad_item_the_other_items_are_done_and_the_key_of_the_bad_one_waits(
    database: Database, event_log: EventLog
) -> None:
    good, bad = payment("k1", 1).model_dump_json(by_alias=True), '{"account_no": "k2", "amount_fen": "much"}'
    consumer = Book().consumer(database, event_log)
    await consumer.process([event(payment("k1", 1), value=f'{{"items":[{good},{bad}]}}'.encode())])
    await consumer.process([event(cleared("k1", 2), cleared("k2", 2))])
    assert await written(database) == [("k1", "payment", 1), ("k1", "cleared", 2)]
    assert await set_aside(database) == [("k2", "poison"), ("k2", "parked")]


async def test_a_stranger_s_record_with_texts_that_no_database_takes_is_set_aside(
    database: Database, event_log: EventLog
) -> None:
    stored = event(payment("k1", 1), value=b'{"items": [{"account_no": "k\\u0000\\ud800"}]}')
    strange = StoredRecord(stored.topic, 0, stored.offset, stored.value, {**stored.headers, "ce_id": b"\0\xff"})
    await Book().consumer(database, event_log).process([strange, event(payment("k2", 1))])
    assert await written(database) == [("k2", "payment", 1)]
    assert [state for _, state in await set_aside(database)] == ["poison"]


async def test_a_fact_whose_text_holds_nul_is_set_aside_and_the_others_of_its_event_are_done(
    database: Database, event_log: EventLog
) -> None:
    facts = [payment("k1", 1), payment("k\0", 2), payment("k3", 3), payment(r"k\u0000", 4)]
    in_text = payment("k5", 5).model_copy(update={"channel": "a\0b"})
    ignored = payment("k6", 6).model_dump_json(by_alias=True).replace("{", '{"later": "\\u0000", ', 1)
    consumer = Book().consumer(database, event_log)
    await consumer.process(
        [
            event(*facts),
            event(in_text),
            event(facts[0], value=f'{{"items":[{ignored}]}}'.encode()),
            event(payment("k7", 7)),
        ]
    )
    assert await written(database) == [
        (key, "payment", n) for key, n in [("k1", 1), ("k3", 3), (r"k\u0000", 4), ("k6", 6), ("k7", 7)]
    ]
    async with database.view() as view:
        letters = await dead_letters.list_page(view, "book", limit=10)
    assert [(x["key"], x["state"], x["error"]) for x in letters] == [
        ("k?", "poison", "nul_character"),
        ("k5", "poison", "nul_character"),
    ]


async def test_facts_of_one_key_keep_the_order_of_the_log_across_types(database: Database, event_log: EventLog) -> None:
    book = Book()
    keys = [f"k{n:02}" for n in range(50)]
    steps = [cleared, payment, cleared, account, payment]
    batch = [event(*(step(key, n) for key in keys)) for n, step in enumerate(steps)]
    await book.consumer(database, event_log).process(batch)
    for key in keys:
        assert [n for _, n in await of_key(database, key)] == [0, 1, 2, 3, 4]
    assert len(book.calls) == len(steps), "many keys share the waves"


class Shaky(Book):
    """Its database goes away in the middle of the first two batches."""

    def __init__(self) -> None:
        super().__init__()
        self.failures_left = 2

    async def payments(self, tx: Tx, facts: Sequence[PaymentReceived]) -> None:
        await super().payments(tx, facts)
        if self.failures_left:
            self.failures_left -= 1
            if tx.dialect == "postgresql":
                await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            raise OperationalError("INSERT", {}, Exception("database is locked"))


async def test_a_batch_whose_database_goes_away_is_done_again_and_loses_nothing(
    database: Database, event_log: EventLog
) -> None:
    await event_log.send([as_sent(event(payment(f"k{n}", 1))) for n in range(20)])
    book = Shaky()

    async def all_there() -> bool:
        return len(await written(database)) >= 20

    async with running(book.consumer(database, event_log)):
        await until(all_there)
    assert sorted(await written(database)) == sorted((f"k{n}", "payment", 1) for n in range(20))
    assert await set_aside(database) == []
    assert book.failures_left == 0


async def test_an_event_that_is_twice_in_a_batch_and_comes_again_later_is_done_once(
    database: Database, event_log: EventLog
) -> None:
    once = event(payment("k1", 1))
    consumer = Book().consumer(database, event_log)
    await consumer.process([once, event(payment("k1", 2)), once])
    await consumer.process([once])
    assert await of_key(database, "k1") == [("payment", 1), ("payment", 2)]


async def test_a_flood_of_dead_letters_stops_its_topic_alone_and_replay_lets_it_go_on(
    database: Database, event_log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Book()
    book.poison = {(f"k{n}", 1) for n in range(3)}
    metrics = Metrics()
    consumer = book.consumer(database, event_log, dead_letters_max=3, metrics=metrics)
    await consumer.process([event(payment(f"k{n}", 1)) for n in range(3)])
    await event_log.send([as_sent(event(payment("k9", 1))), as_sent(event(account("k8", 1)))])
    topic = catalogue.topic_for(PaymentReceived)

    async def stopped() -> bool:
        return consumer.stopped_topics == {topic} and ("k8", "account", 1) in await written(database)

    async def flows() -> bool:
        return not consumer.stopped_topics

    async def goes_on() -> bool:
        return len(await of_payments(database)) == 4 and not consumer.stopped_topics

    async with running(consumer):
        await until(stopped)
        assert await written(database) == [("k8", "account", 1)]
        assert f'wattline_consumer_stopped{{topic="{topic}"}} 1.0' in metrics.exposition().decode()
        for cured in (False, True):
            monkeypatch.setattr("shared.bus.replay.REPLAY_SECONDS", float("inf"))  # until it has seen no flood any more
            async with database.begin() as tx:
                await dead_letters.replay(tx, "book")
            await until(flows)
            book.poison = set() if cured else book.poison
            monkeypatch.setattr("shared.bus.replay.REPLAY_SECONDS", 0.0)
            await until(goes_on if cured else stopped)
    keys = ("k0", "k1", "k2", "k9")
    assert sorted(await of_payments(database)) == [(key, "payment", 1) for key in keys]


async def of_payments(database: Database) -> list[tuple[str, str, int]]:
    return [row for row in await written(database) if row[1] == "payment"]


async def test_two_replicas_that_take_the_same_events_at_once_do_them_once(
    database: Database, event_log: EventLog
) -> None:
    book = Book()
    replicas = [book.consumer(database, event_log) for _ in range(2)]
    for round_ in range(10):
        events = [event(payment(f"k{n}", round_)) for n in range(5)]
        await asyncio.gather(replicas[0].process(events), replicas[1].process(events[::-1]))
    assert sorted(await written(database)) == sorted((f"k{n}", "payment", r) for n in range(5) for r in range(10))


async def test_a_listing_of_dead_letters_shows_a_code_and_neither_payload_nor_text(
    database: Database, event_log: EventLog
) -> None:
    book = Book()
    book.poison = {("k1", 1)}
    await book.consumer(database, event_log).process([event(payment("k1", 1))])
    async with database.view() as view:
        (letter,) = await dead_letters.list_page(view, "book", limit=10)
    assert "payload" not in letter
    assert letter["error"] == "ZeroDivisionError"
    assert not any("may hold a name" in str(value) for value in letter.values())
