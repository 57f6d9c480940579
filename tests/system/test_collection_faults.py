"""Collection behind an event log on a bad day, told in another order, ends in the books and the reminders of a good day."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from services.collection.ledger import tables
from services.collection.payments.tables import PAYMENT
from services.collection.receivables import consumers
from services.collection.steps.tables import STEP_DEBT
from shared import ids
from shared.bus.consumer import Consumer
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.ports import EventLog, Record
from shared.events import catalogue, envelope
from shared.events.billing import Bill, BillIssued
from shared.events.fact import Fact
from shared.testing.faults import Faults, FaultyEventLog
from tests.kits import collection as collection_kit
from tests.kits import tiny
from tests.kits.collection import Kit, account, adjusted, bill, corrected, issued
from tests.kits.effort import seeds

SEEDS = seeds(20261123, *range(1, 15))
ACCOUNTS = [f"A{i:02}" for i in range(12)]
EMPTY_POLLS = 10
REMIND_ON = "2026-03-10"  # some of what is due is reminded of, some is not yet due


@dataclass
class Money:
    account_no: str
    txn: str
    day: date
    amount_fen: int
    back_on: date | None


@dataclass
class Story:
    """What happens to one account, in the order of time: a fact each day, and the money that it pays."""

    facts: list[tuple[date, Fact]] = field(default_factory=list)
    money: list[Money] = field(default_factory=list)


def story(seed: int, account_no: str) -> Story:
    """Draw bills, some below zero, corrections of both styles and cancellations of earlier ones, payments and refunds."""
    chosen = random.Random(f"{seed}-{account_no}")
    standing: list[Bill] = []
    found = Story()
    for i in range(8):
        day = date(2026, 2, 1) + timedelta(days=chosen.randrange(3) + 2 * i)
        name, due_on = f"{account_no}-{i}", day + timedelta(days=chosen.randint(5, 40))
        one = bill(name, chosen.randint(-300, 2_000), account_no=account_no, issued_on=day, due_on=due_on)
        earlier = [old for old in standing if old.issued_on < day]
        style = chosen.choice(["bill", "bill", "correct", "adjust", "cancel"]) if earlier else "bill"
        if style == "bill":
            found.facts.append((day, issued(one)))
            standing.append(one)
            continue
        old = chosen.choice(earlier)
        standing.remove(old)  # what was adjusted stays as it is from now on
        if style == "adjust":
            found.facts.append((day, adjusted(f"{account_no}-K{i}", [(old, one)], on=day)))
        else:
            new = [one] if style == "correct" else []
            found.facts.append((day, corrected(f"{account_no}-K{i}", [old], new, on=day)))
            standing += new
    for i in range(chosen.randint(0, 3)):
        day = date(2026, 2, 1) + timedelta(days=chosen.randrange(20))
        back_on = day + timedelta(days=chosen.randrange(8)) if chosen.random() < 0.3 else None
        found.money.append(Money(account_no, f"{account_no}-P{i}", day, chosen.randint(1, 2_500), back_on))
    return found


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
        polled = await subscription.poll(records_max=500, timeout_seconds=0.02)
        empty = 0 if polled else empty + 1
        for start in range(0, len(polled), batch):
            await consumer.process(polled[start : start + batch])
    await subscription.stop()


async def pay(kit: Kit, money: Iterable[Money]) -> dict[str, str]:
    """Let the channel report payments, and return their ids by its numbers."""
    paid = {}
    for one in money:
        order_id = await kit.order(one.amount_fen, one.account_no)
        answer = await kit.call_back(order_id, one.amount_fen, one.txn, paid_on=one.day.isoformat())
        assert answer.json()["payment_status"] == "posted", answer.text
        paid[one.txn] = answer.json()["payment_id"]
    return paid


async def give_back(kit: Kit, money: Iterable[Money], paid: dict[str, str]) -> None:
    for one in money:
        if one.back_on is not None:
            answer = await kit.clerk.post(
                f"/v1/payments/{paid[one.txn]}/reversal",
                json={"reason": "bounced", "reversed_on": one.back_on.isoformat()},
                headers={"Idempotency-Key": f"back-{one.txn}"},
            )
            assert answer.status_code == 200, answer.text


async def books(kit: Kit) -> dict[str, Any]:
    """Return the books sorted, without generated ids: what settles what since when, and the ledger of each day."""
    names = {row["receivable_id"]: row["document_id"] for row in await kit.rows(tables.RECEIVABLE)}
    names |= {row["payment_id"]: row["channel_txn"] for row in await kit.rows(PAYMENT)}
    transactions = {row["transaction_id"]: row for row in await kit.rows(tables.TRANSACTION)}
    settled: dict[Any, int] = defaultdict(int)
    for row in await kit.rows(tables.ALLOCATION):
        settled[names[row["credit_id"]], names[row["receivable_id"]], row["made_on"]] += row["amount_fen"]
    ledger: dict[Any, int] = defaultdict(int)
    for row in await kit.rows(tables.ENTRY):
        of = transactions[row["transaction_id"]]
        ledger[of["account_no"], of["accounting_date"], row["ledger_account"], row["component"]] += row["amount_fen"]
    shown = ("document_id", "amount_fen", "outstanding_fen", "status", "cleared_on")
    return {
        "accounts": sorted((row["account_no"], row["prepaid_fen"]) for row in await kit.rows(tables.ACCOUNT)),
        "receivables": sorted(tuple(str(row[n]) for n in shown) for row in await kit.rows(tables.RECEIVABLE)),
        "credits": sorted((names[row["credit_id"]], row["unallocated_fen"]) for row in await kit.rows(tables.CREDIT)),
        "settled": {key: fen for key, fen in settled.items() if fen},
        "ledger": {key: fen for key, fen in ledger.items() if fen},
        "reminders": sorted((names[r["receivable_id"]], r["outstanding_fen"]) for r in await kit.rows(STEP_DEBT)),
    }


async def end(kit: Kit) -> dict[str, Any]:
    await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": REMIND_ON})
    await kit.check_books()
    return await books(kit)


async def good_day(folder: Path, stories: Sequence[Story]) -> dict[str, Any]:
    """Every fact and all money on its day, one after the other."""
    money = sorted((one for s in stories for one in s.money), key=lambda one: one.day)
    steps: list[tuple[date, int, Any]] = [(day, 0, fact) for s in stories for day, fact in s.facts]
    steps += [(one.day, 1, one) for one in money] + [(one.back_on, 2, one) for one in money if one.back_on]
    async with collection_kit.started(f"sqlite+aiosqlite:///{folder}/collection.db", folder) as kit:
        await kit.give(*(account(account_no) for account_no in ACCOUNTS))
        paid: dict[str, str] = {}
        ordered = sorted(steps, key=lambda step: step[:2])
        for (_, kind), of_day in groupby(ordered, key=lambda step: step[:2]):
            if kind == 0:
                for _, same in groupby((fact for *_, fact in of_day), key=lambda fact: fact.type):
                    await kit.give(*same)
            elif kind == 1:
                paid |= await pay(kit, (one for *_, one in of_day))
            else:
                await give_back(kit, (one for *_, one in of_day), paid)
        return await end(kit)


async def bad_day(folder: Path, stories: Sequence[Story], seed: int) -> dict[str, Any]:
    """Facts in any order, half of the accounts after their bills; twice, late, in batches of any size; money in between."""
    chosen = random.Random(seed)
    facts = [fact for s in stories for _, fact in s.facts]
    chosen.shuffle(facts)
    first, rest = facts[: len(facts) // 2], facts[len(facts) // 2 :]
    rest = [*rest[: len(rest) // 2], *(account(no) for no in ACCOUNTS[1::2]), *rest[len(rest) // 2 :]]
    money = [one for s in stories for one in s.money]
    chosen.shuffle(money)
    early = [one for one in money if one.account_no in ACCOUNTS[::2] and chosen.random() < 0.5]
    late = [one for one in money if one not in early]
    inner = EmbeddedEventLog(folder / "log.db")
    await inner.start()
    log = FaultyEventLog(inner, Faults(seed=seed, duplicate=0.2, delay=0.2, reorder=True))
    async with collection_kit.started(f"sqlite+aiosqlite:///{folder}/collection.db", folder) as kit:
        await log.send(records([*(account(no) for no in ACCOUNTS[::2]), *first]))
        await consume(kit, log, chosen.choice((1, 3, 7, 50)))
        paid = await pay(kit, early)
        await log.send(records(rest))
        await consume(kit, log, chosen.choice((1, 3, 7, 50)))
        paid |= await pay(kit, late)
        chosen.shuffle(money)
        await give_back(kit, money, paid)
        found = await end(kit)
    await inner.stop()
    return found


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_order_duplicates_delays_any_batches_and_late_accounts_end_in_the_same_books(
    tmp_path: Path, seed: int
) -> None:
    stories = [story(seed, account_no) for account_no in ACCOUNTS]
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()

    good = await good_day(tmp_path / "good", stories)
    bad = await bad_day(tmp_path / "bad", stories, seed)

    assert bad == good
    assert good["settled"], "no credit met a debt: the story proves nothing"
    assert good["reminders"], "nobody is late: the story proves nothing"
