"""A database that is away: every route says so and when to come back, the probes tell it apart, and it is mended by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus.embedded import EmbeddedEventLog
from shared.bus.relay import Relay
from shared.db.engine import Database
from shared.db.sealing import Sealer
from shared.testing.servers import PostgresServer
from tests.kits import tiny, webapp
from tests.kits.logs import shown
from tests.kits.webapp import problem

NOTE = {"note_no": "n-1", "org_unit": "zj"}
CALLER = webapp.bearer("notes:read", "notes:write")
LINES_MAX = 12  # one of each kind that a service has, once a minute


@contextlib.asynccontextmanager
async def loops(database: Database, folder: Path) -> AsyncIterator[None]:
    """Run the loops of a service that work on its database."""
    log = EmbeddedEventLog(folder / "events.db")
    await log.start()
    running = (Relay("tiny", database, log), Sealer("tiny", database), tiny.Book().consumer(database, log))
    tasks = [asyncio.create_task(loop.run()) for loop in running]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await log.stop()


@pytest.mark.postgres
async def test_while_postgresql_is_away_the_log_says_so_and_not_for_every_request(tmp_path: Path) -> None:
    with PostgresServer() as server:
        database = Database(server.create_database())
        await webapp.create_tables(database)
        async with webapp.client(webapp.build(database)) as client, loops(database, tmp_path):
            assert (await client.get("/v1/notes", headers=CALLER)).status_code == 200
            with shown() as lines:
                server.kill()
                for _ in range(100):
                    assert (await client.get("/v1/notes", headers=CALLER)).status_code == 503
                    await client.get("/metrics")
            told = lines()
        await database.close()
    assert len(told) <= LINES_MAX, told
    assert "shared.web.errors: request.server_away" in told


@pytest.mark.postgres
async def test_while_postgresql_is_away_requests_are_answered_503_with_retry_after_and_go_on_once_it_is_back() -> None:
    with PostgresServer() as server:
        database = Database(server.create_database())
        await webapp.create_tables(database)
        async with webapp.client(webapp.build(database)) as client:
            assert (await client.get("/v1/notes", headers=CALLER)).status_code == 200
            server.kill()
            headers = CALLER | {"Idempotency-Key": "k-1"}
            for _ in range(3):  # with what the pool still holds, and when a new connection is refused
                for answer in (
                    await client.get("/v1/notes", headers=CALLER),
                    await client.post("/v1/notes", json=NOTE, headers=headers),
                ):
                    assert problem(answer, 503, answer.json()["code"])["code"] in ("database.away", "database.busy")
                    assert int(answer.headers["retry-after"]) > 0
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("/health/ready")).status_code == 503
            assert "wattline_database_up 0.0" in (await client.get("/metrics")).text
            server.start()
            again = await client.post("/v1/notes", json=NOTE, headers=headers)
            assert again.status_code == 201, again.text
            assert "wattline_database_up 1.0" in (await client.get("/metrics")).text
        await database.close()
