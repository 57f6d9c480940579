"""Relay and consumer take a fixed number of statements, whatever the size of the batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from shared import ids
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.ports import StoredRecord
from shared.bus.relay import BATCH, Relay
from shared.db import leadership
from shared.db.engine import Database
from shared.events import catalogue, envelope
from shared.events.collection import PaymentReceived
from tests.kits import tiny


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that reach the database."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "relay_lease" not in statement:  # renewed by the clock
            seen.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def stored(number: int) -> StoredRecord:
    """An event of ten facts as the log holds it."""
    facts = [tiny.payment(f"event-{number}-{n}", 1) for n in range(10)]
    value = f'{{"items":[{",".join(fact.model_dump_json(by_alias=True) for fact in facts)}]}}'.encode()
    headers = envelope.headers(
        event_id=ids.new(), event_type=PaymentReceived.type, time="", position=1, partition=0, traceparent=""
    )
    return StoredRecord(catalogue.topic_for(PaymentReceived), 0, number, value, dict(headers))


async def test_the_relay_sends_one_event_and_a_full_batch_by_as_many_statements(
    database: Database, event_log: EmbeddedEventLog
) -> None:
    relay = Relay("collection", database, event_log)
    counts = []
    async with leadership.lead(database, "collection") as leader:
        for events in (1, BATCH):
            for n in range(events):  # one event each
                async with database.begin() as tx:
                    tx.publish([tiny.payment(f"key-{n}", 1)])
            with statements(database) as seen:
                sent = 0
                while sent < events:
                    sent += await relay.drain(leader)
            counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_the_consumer_takes_10_and_1000_facts_by_as_many_statements(
    database: Database, event_log: EmbeddedEventLog
) -> None:
    consumer = tiny.Book().consumer(database, event_log)
    counts = []
    for numbers in (range(1), range(1, 101)):
        batch = [stored(number) for number in numbers]
        with statements(database) as seen:
            await consumer.process(batch)
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert await tiny.number_of_entries(database) == 1010
