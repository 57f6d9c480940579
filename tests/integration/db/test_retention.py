"""What the platform forgets, and what it must not."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from shared.db import inbox, jobs, journal, platform, retention
from shared.db.engine import Database
from tests.kits import tiny

JOURNAL = platform.TABLES.event_journal
INBOX = platform.TABLES.inbox


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = await tiny.create(database_url)
    async with made.begin() as tx:
        await tiny.count_up(tx, [f"account-{n}" for n in range(30)])
        await inbox.claim(tx, "book", ["e1", "e2"])
    yield made
    await made.close()


async def rows(database: Database) -> tuple[int, int]:
    async with database.view() as view:
        return (
            int(await view.scalar(select(func.count()).select_from(JOURNAL))),
            int(await view.scalar(select(func.count()).select_from(INBOX))),
        )


async def forget(database: Database, *, age_days: int) -> None:
    """Run both jobs where every row is so many days old."""
    async with database.begin() as tx:
        then = tx.now - timedelta(days=age_days)
        await tx.execute(update(JOURNAL).values(created_at=then))
        await tx.execute(update(INBOX).values(received_at=then))
    day = database.clock.now().date() + timedelta(days=age_days)  # a date of its own, not before any clock's today
    await jobs.run(database, retention.purge_journal(days=400), day)
    await jobs.run(database, retention.purge_inbox(journal_days=400), day)


async def test_events_and_inbox_rows_are_kept_for_their_time(database: Database) -> None:
    before = await rows(database)
    await forget(database, age_days=399)
    assert await rows(database) == before


async def test_a_business_date_in_the_future_forgets_nothing_that_is_young(database: Database) -> None:
    async with database.begin() as tx:
        await journal.delete_pending(tx, [row.position for row in await journal.pending(tx, 1000)])
    before = await rows(database)
    await jobs.run(database, retention.purge_journal(days=400), date(2199, 1, 1))
    await jobs.run(database, retention.purge_inbox(journal_days=400), date(2199, 1, 1))
    assert await rows(database) == before


async def test_an_event_that_was_not_sent_is_kept_whatever_its_age(database: Database) -> None:
    before = await rows(database)
    await forget(database, age_days=402)
    assert await rows(database) == before


async def test_old_events_that_were_sent_are_forgotten_before_the_inbox_forgets_them(database: Database) -> None:
    async with database.begin() as tx:
        pending = await journal.pending(tx, 1000)
        await journal.delete_pending(tx, [row.position for row in pending])
    await forget(database, age_days=402)
    assert await rows(database) == (0, 2)
    await forget(database, age_days=432)
    assert await rows(database) == (0, 0)


async def test_a_missed_day_can_be_run_later_and_a_day_is_run_once(database: Database) -> None:
    day = database.clock.now().date()
    async with database.begin() as tx:
        await tx.execute(update(INBOX).values(received_at=tx.now - timedelta(days=432)))
    young = await jobs.run(database, retention.purge_journal(days=400), day)
    assert young.reason == f"nothing was journalled more than 400 days before {day}"
    first = await jobs.run(database, retention.purge_inbox(journal_days=400), day)
    again = await jobs.run(database, retention.purge_inbox(journal_days=400), day)
    assert (first.chunks_done, first.counts, first.reason) == (1, {"forgotten": 2}, None)
    assert (again.chunks_done, again.chunks_already_done, again.counts) == (0, 1, {})
