"""The pool's connections and a PostgreSQL that goes away."""

import asyncio

import pytest
from sqlalchemy import text

from shared.db.engine import Database
from shared.testing.servers import PostgresServer

pytestmark = pytest.mark.postgres
CONNECTIONS = 5


async def backend(database: Database, together: asyncio.Barrier) -> int:
    """Return the server process behind a connection, held until all of them are held."""
    async with database.begin() as tx:
        pid = int(await tx.scalar(text("SELECT pg_backend_pid()")))
        await together.wait()
    return pid


async def backends(database: Database) -> set[int]:
    together = asyncio.Barrier(CONNECTIONS)
    return set(await asyncio.gather(*(backend(database, together) for _ in range(CONNECTIONS))))


async def test_every_connection_of_the_pool_is_a_new_one_after_the_server_was_killed() -> None:
    with PostgresServer() as server:
        database = Database(server.create_database(), pool_size=CONNECTIONS)
        before = await backends(database)
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert len(before) == len(await backends(database)) == CONNECTIONS
        await database.close()


async def test_a_warm_pool_has_its_connections_before_the_first_request(postgres_database: str) -> None:
    database = Database(postgres_database, pool_size=CONNECTIONS)
    await database.warm()
    assert database.engine.pool.checkedin() == CONNECTIONS  # type: ignore[attr-defined]
    await database.close()


async def test_a_database_that_is_away_is_no_reason_not_to_start() -> None:
    with PostgresServer() as server:
        url = server.create_database()
    database = Database(url, pool_size=CONNECTIONS)
    await database.warm()
    await database.close()
