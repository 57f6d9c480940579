"""What holds a lock, and who waits for it; SQLite has one writer, who waits for nobody."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, MetaData, String, Table, select

from shared.db import bulk, locks
from shared.db.engine import Database

METADATA = MetaData()
THING = Table("thing", METADATA, Column("no", String(64), primary_key=True))
NUMBER = 2**31 + 7  # more than 32 bits with a sign
LONG_ENOUGH_SECONDS = 0.3


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres(postgres_database: str) -> AsyncIterator[Database]:
    opened = Database(postgres_database)
    yield opened
    await opened.close()


async def test_statements_that_lock_run_on_both_databases(database: Database) -> None:
    async with database.begin() as tx:
        await bulk.insert_rows(tx, THING, {"no": ["a", "b"]})
        await locks.advisory(tx, NUMBER)
        await locks.advisory(tx, NUMBER, alone=False)
        assert await locks.try_for_connection(tx, NUMBER)
        assert await tx.all(select(THING).order_by(THING.c.no).with_for_update(skip_locked=True)) == [("a",), ("b",)]
        assert await bulk.lock(tx, THING, {"no": ["b", "a"]}) == [("a",), ("b",)]


@pytest.mark.parametrize(("first_alone", "second_alone", "waits"), [(True, False, True), (False, False, False)])
async def test_a_lock_is_shared_unless_one_wants_it_alone(
    postgres: Database, first_alone: bool, second_alone: bool, waits: bool
) -> None:
    async def second() -> None:
        async with postgres.begin() as tx:
            await locks.advisory(tx, NUMBER, alone=second_alone)

    async with postgres.begin() as tx:
        await locks.advisory(tx, NUMBER, alone=first_alone)
        waiting = asyncio.create_task(second())
        done, _ = await asyncio.wait([waiting], timeout=LONG_ENOUGH_SECONDS if waits else None)
        assert bool(done) is not waits
    await waiting


async def test_a_lock_of_a_connection_outlives_its_unit_of_work(postgres: Database) -> None:
    async with postgres.session() as holder, postgres.session() as other:
        async with holder.begin() as tx:
            assert await locks.try_for_connection(tx, NUMBER)
        async with other.begin() as tx:
            assert not await locks.try_for_connection(tx, NUMBER)
        await holder.invalidate()
        async with asyncio.timeout(5), other.begin() as tx:
            # the server tells nobody that it met the end of a connection
            while not await locks.try_for_connection(tx, NUMBER):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await other.invalidate()
