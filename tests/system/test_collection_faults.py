"""Collection behind an event log on a bad day ends in the books of a good day."""

import random
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from services.collection.ledger import tables
from services.collection.receivables import consumers
from shared import ids
from shared.bus.consumer import Consumer
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.ports import EventLog, Record
from shared.events import catalogue, envelope
from shared.events.billing import BillIssued
from shared.events.fact import Fact
from shared.testing.faults import Faults, FaultyEventLog
from tests.kits import collection as collection_kit
from tests.kits import tiny
from tests.kits.collection import Kit, account, bill, corrected, issued

SEED = 20261123
ACCOUNTS = [f"A{i:02}" for i in range(40)]
EMPTY_POLLS = 20


def story(account_no: str) -> list[Fact]:
    """Return the facts of one account in order: bills, some below zero, and corrections of earlier ones."""
    chosen = random.Random(f"{SEED}-{account_no}")
    standing: list[Any] = []
    facts: list[Fact] = []
    for i in range(8):
        amount_fen = chosen.randint(-300, 2_000)
        day = date(2026, 2, 1 + i)
        one = bill(f"{account_no}-{i}", amount_fen, account_no=account_no, issued_on=day, due_on=date(2026, 3, 1 + i))
        if standing and chosen.random() < 0.4:
            old = standing.pop(chosen.randrange(len(standing)))
            facts.append(corrected(f"{account_no}-K{i}", [old], [one], on=day))
        else:
            facts.append(issued(one))
        standing.append(one)
    return facts


def records(facts: Sequence[Fact]) -> list[Record]:
    """Return the facts as events, one fact in each, in the given order."""
    found = []
    for position, fact in enumerate(facts, 1):
        (packed,) = envelope.pack([fact])
        headers = envelope.headers(
            event_id=ids.new(),
            event_type=fact.type,
            time="2026-04-15T00:00:00+00:00",
            position=position,
            partition=packed.partition,
            traceparent="",
        )
        found.append(Record(catalogue.topic_for(type(fact)), packed.partition, packed.payload.encode(), headers))
    return found


async def consume(kit: Kit, log: EventLog, batch: int) -> None:
    """Give what is in the log to the service's handlers, in transactions of `batch` events."""
    consumer = Consumer(
        "test",
        kit.database,
        log,
        consumers.handlers(collection_kit.POLICY),
        facts_max=tiny.FACTS_MAX,
        dead_letters_max=tiny.DEAD_LETTERS_MAX,
    )
    subscription = log.subscribe("test", [catalogue.topic_for(BillIssued)])
    await subscription.start()
    empty = 0
    while empty < EMPTY_POLLS:  # what is delayed leaves a poll empty
        polled = await subscription.poll(records_max=500, timeout_seconds=0.05)
        empty = 0 if polled else empty + 1
        for start in range(0, len(polled), batch):
            await consumer.process(polled[start : start + batch])
    await subscription.stop()


async def books(kit: Kit) -> dict[str, list[tuple[Any, ...]]]:
    """Return the books sorted, without generated ids."""
    documents = {row["receivable_id"]: row["document_id"] for row in await kit.rows(tables.RECEIVABLE)}
    transactions = {
        row["transaction_id"]: (row["document_id"], row["kind"], row["accounting_date"])
        for row in await kit.rows(tables.TRANSACTION)
    }
    names = ("document_id", "amount_fen", "outstanding_fen", "status", "cleared_on")
    return {
        "accounts": sorted((row["account_no"], row["prepaid_fen"]) for row in await kit.rows(tables.ACCOUNT)),
        "receivables": sorted(tuple(str(row[n]) for n in names) for row in await kit.rows(tables.RECEIVABLE)),
        "entries": sorted(
            (*transactions[row["transaction_id"]], row["line_no"], row["ledger_account"], row["amount_fen"])
            for row in await kit.rows(tables.ENTRY)
        ),
        "allocations": sorted(
            (documents[row["credit_id"]], documents[row["receivable_id"]], row["amount_fen"], row["cause_id"])
            for row in await kit.rows(tables.ALLOCATION)
        ),
    }


async def run(tmp_path: Path, name: str, facts: Sequence[Fact], faults: Faults, batch: int) -> Any:
    folder = tmp_path / name
    folder.mkdir()
    inner = EmbeddedEventLog(folder / "log.db")
    await inner.start()
    log = FaultyEventLog(inner, faults)
    async with collection_kit.started(f"sqlite+aiosqlite:///{folder}/collection.db", folder) as kit:
        await log.send(records(facts))
        await consume(kit, log, batch)
        await kit.check_books()
        found = await books(kit)
    await inner.stop()
    return found


async def test_duplicates_delays_small_batches_and_late_accounts_end_in_the_same_books(tmp_path: Path) -> None:
    stories = [story(account_no) for account_no in ACCOUNTS]
    opened: list[Fact] = [account(account_no) for account_no in ACCOUNTS]
    good = [*opened, *(fact for facts in stories for fact in facts)]
    # on the bad day the stories are interleaved, and half of the accounts come after all of their bills
    bad = [*opened[::2], *(facts[i] for i in range(8) for facts in reversed(stories)), *opened[1::2]]

    clean = await run(tmp_path, "good", good, Faults(), 2_000)
    faulty = await run(tmp_path, "bad", bad, Faults(seed=SEED, duplicate=0.2, delay=0.2, reorder=True), 7)

    assert faulty == clean
    assert clean["allocations"], "no credit met a debt: the story proves nothing"
