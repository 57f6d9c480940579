"""The event flow on a bad day: nothing is lost, nothing is done twice, and a key keeps its order."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from shared.bus import consumer, relay, replay
from shared.bus.embedded import EmbeddedEventLog
from shared.bus.relay import Relay
from shared.db import journal, leadership, platform
from shared.db.engine import Database
from shared.db.leadership import NotLeader
from shared.testing.faults import (
    AFTER_STATEMENT,
    BEFORE_COMMIT,
    BETWEEN_STEPS,
    ERRORS,
    Crash,
    CrashingTx,
    CrashPlan,
    Faults,
    FaultyEventLog,
)
from tests.kits import tiny

WRITERS = 16
STATEMENTS = 3  # of a batch of the consumer, at least
KEYS = [f"account-{n:02}" for n in range(20)]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for another process waits a little only: a crashed leader's lease, an idle poll, the next commit."""
    monkeypatch.setattr(leadership, "LEASE_SECONDS", 0.5)
    monkeypatch.setattr(relay, "STANDBY_SECONDS", 0.1)
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(consumer, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(consumer, "COMMIT_SECONDS", 0.1)
    monkeypatch.setattr(replay, "REPLAY_SECONDS", 0.2)


@pytest.fixture
async def meter(database_url: str) -> AsyncIterator[Database]:
    database = await tiny.create(database_url, pool_size=20)
    yield database
    await database.close()


@pytest.fixture
async def book_of(tmp_path: Path) -> AsyncIterator[Database]:
    database = await tiny.create(f"sqlite+aiosqlite:///{tmp_path}/book.db")
    yield database
    await database.close()


async def write(meter: Database, rounds: int, seed: int = 7) -> dict[str, list[int]]:
    """Count up random keys in sixteen units of work at once, and return what each key must have told in the end."""
    chosen = random.Random(seed)
    batches = [chosen.sample(KEYS, chosen.randint(1, 8)) for _ in range(rounds)]

    at_once = asyncio.Semaphore(WRITERS)

    async def one(keys: list[str]) -> None:
        async with at_once, meter.begin() as tx:
            await tiny.count_up(tx, keys)

    await asyncio.gather(*(one(keys) for keys in batches))
    told: dict[str, list[int]] = {}
    for keys in batches:
        for key in keys:
            told.setdefault(key, []).append(len(told.get(key, [])) + 1)
    return told


async def test_sixteen_writers_at_once_lose_nothing_and_swap_nothing_within_a_key(
    meter: Database, book_of: Database, event_log: EmbeddedEventLog
) -> None:
    writing = asyncio.create_task(write(meter, 150))
    book = tiny.Book()
    running = asyncio.create_task(tiny.run_until(meter, book_of, book, event_log, wanted=10**9))
    told = await writing
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await tiny.run_until(meter, book_of, book, event_log, wanted=sum(map(len, told.values())))
    async with book_of.view() as view:
        assert await tiny.entries(view) == told


@pytest.mark.parametrize("seed", range(3))
async def test_duplicates_delays_and_another_order_of_partitions_change_nothing(
    meter: Database, book_of: Database, event_log: EmbeddedEventLog, seed: int
) -> None:
    told = await write(meter, 80, seed)
    faulty = FaultyEventLog(event_log, Faults(seed=seed, duplicate=0.3, delay=0.3, reorder=True))
    await tiny.run_until(meter, book_of, tiny.Book(), faulty, wanted=sum(map(len, told.values())))
    async with book_of.view() as view:
        assert await tiny.entries(view) == told


@pytest.mark.parametrize("point", BETWEEN_STEPS[1:])
@pytest.mark.parametrize("times", [1, 2])
async def test_a_crash_between_two_steps_neither_loses_nor_doubles(
    meter: Database, book_of: Database, event_log: EmbeddedEventLog, point: str, times: int
) -> None:
    told = await write(meter, 60)
    plan = CrashPlan({point: times})
    wanted = sum(map(len, told.values()))
    crashes = await tiny.run_until(
        meter, book_of, tiny.Book(), FaultyEventLog(event_log, plan=plan), wanted=wanted, plan=plan
    )
    told_more = await write(meter, 60, seed=8)  # so that there is a second send, a second offset
    for key, numbers in told_more.items():
        told[key] = list(range(1, len(told.get(key, [])) + len(numbers) + 1))
    wanted = sum(map(len, told.values()))
    crashes += await tiny.run_until(
        meter, book_of, tiny.Book(), FaultyEventLog(event_log, plan=plan), wanted=wanted, plan=plan
    )
    assert crashes == 1 or plan.passed.get(point, 0) < times
    assert plan.passed[point] >= 1
    async with book_of.view() as view:
        assert await tiny.entries(view) == told


@pytest.mark.parametrize("statement", range(1, STATEMENTS + 1))
async def test_a_crash_in_the_middle_of_a_batch_neither_loses_nor_doubles(
    meter: Database, book_of: Database, event_log: EmbeddedEventLog, statement: int
) -> None:
    told = await write(meter, 60)
    book_of.unit = CrashingTx
    plan = CrashPlan({AFTER_STATEMENT: statement})
    wanted = sum(map(len, told.values()))
    assert await tiny.run_until(meter, book_of, tiny.Book(), event_log, wanted=wanted, plan=plan) == 1
    async with book_of.view() as view:
        assert await tiny.entries(view) == told


@pytest.mark.parametrize("point", [AFTER_STATEMENT, *BETWEEN_STEPS[1:]])
@pytest.mark.parametrize("error", ERRORS)
async def test_an_error_at_a_point_is_survived_and_neither_loses_nor_doubles(
    meter: Database, book_of: Database, event_log: EmbeddedEventLog, point: str, error: type[Exception]
) -> None:
    told = await write(meter, 60)
    book_of.unit = CrashingTx
    plan = CrashPlan(errors={point: (STATEMENTS if point == AFTER_STATEMENT else 1, error)})
    log = FaultyEventLog(event_log, plan=plan)
    wanted = sum(map(len, told.values()))
    assert await tiny.run_until(meter, book_of, tiny.Book(), log, wanted=wanted, plan=plan) == 0
    assert plan.raised == [point]
    async with book_of.view() as view:
        assert await tiny.entries(view) == told


@pytest.mark.parametrize(
    ("point", "times"), [(BEFORE_COMMIT, 1), *((AFTER_STATEMENT, n) for n in range(1, STATEMENTS + 1))]
)
async def test_a_crash_before_the_commit_leaves_neither_the_change_nor_its_facts(
    meter: Database, point: str, times: int
) -> None:
    CrashingTx.plan = CrashPlan({point: times})
    meter.unit = CrashingTx
    with pytest.raises(Crash):
        async with meter.begin() as tx:
            await tiny.count_up(tx, KEYS[:3])
    async with meter.view() as view:
        assert await view.all(select(tiny.COUNTER)) == []
        assert await view.all(select(platform.TABLES.event_journal)) == []
        assert await journal.pending_state(view) == (0, None)


async def test_a_wiped_event_log_gets_everything_back_by_republishing_and_nothing_is_done_twice(
    meter: Database, tmp_path: Path
) -> None:
    told = await write(meter, 60)
    wanted = sum(map(len, told.values()))
    book = tiny.Book()
    books = await tiny.create(f"sqlite+aiosqlite:///{tmp_path}/book.db")
    for attempt in range(2):
        log = EmbeddedEventLog(tmp_path / f"events-{attempt}.db")  # the second one knows nothing
        await log.start()
        if attempt:
            after: int | None = 0
            while after is not None:
                async with meter.begin() as tx:
                    after = await journal.republish(tx, since=(tx.now).replace(year=2020), after=after)
            more = await write(meter, 5, seed=9)
            for key, numbers in more.items():
                told[key] = list(range(1, len(told.get(key, [])) + len(numbers) + 1))
            wanted = sum(map(len, told.values()))
        await tiny.run_until(meter, books, book, log, wanted=wanted)
        await log.stop()
    async with books.view() as view:
        assert await tiny.entries(view) == told
    await books.close()


async def test_a_new_consumer_gets_its_copy_by_republishing(
    meter: Database, event_log: EmbeddedEventLog, book_of: Database
) -> None:
    told = await write(meter, 30)
    sender = Relay("collection", meter, event_log)
    async with leadership.lead(meter, "collection") as leader:
        while await sender.drain(leader):
            pass
    await tiny.run_until(meter, book_of, tiny.Book(), event_log, wanted=sum(map(len, told.values())))
    async with book_of.view() as view:
        assert await tiny.entries(view) == told


async def test_only_one_relay_leads_and_another_takes_over_when_it_ends(meter: Database) -> None:
    async with leadership.lead(meter, "collection"):
        with pytest.raises(NotLeader):
            async with leadership.lead(meter, "collection"):
                pass
        async with leadership.lead(meter, "billing"):
            pass
    async with leadership.lead(meter, "collection"):
        pass
